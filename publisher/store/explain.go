package store

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// status is the HTTP status of an error, 0 if there was no answer.
func status(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		return r.HTTPStatusCode()
	}
	return 0
}

// code is S3's name for an error, "" if it gave none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func (s *s3Store) explain(err error) error { return Explain(err, s.bucket, s.region) }

// Explain turns an error of S3 into one clear sentence with the way out,
// wrapping [ErrSettings] where no waiting helps; other errors stay as they are.
func Explain(err error, bucket, region string) error {
	if err == nil {
		return nil
	}
	kind := ErrSettings
	if code(err) == "AccessDenied" {
		kind = ErrDenied
	}
	if why := reason(err, bucket, region); why != "" {
		return fmt.Errorf("%w: %s", kind, why)
	}
	return fmt.Errorf("s3: %w", err)
}

func reason(err error, bucket, region string) string {
	switch code(err) {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired", "InvalidClientTokenId",
		"XAdminUserNotFound": // the last is versitygw's
		return "the store does not accept the credentials (" + code(err) + "): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
		return wrongRegion(err, bucket, region)
	case "RequestTimeTooSkewed":
		return "this machine's clock differs too much from the store's: set it (timedatectl), and keep it right by NTP"
	case "NoSuchBucket":
		return noBucket(bucket)
	case "BucketAlreadyExists":
		return fmt.Sprintf("bucket %q belongs to somebody else: bucket names are shared by all, choose another", bucket)
	case "InvalidBucketName":
		return fmt.Sprintf("%q is no name for a bucket: want 3 to 63 lower-case letters, digits, dots and dashes", bucket)
	}
	switch status(err) {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		return wrongRegion(err, bucket, region)
	case http.StatusForbidden:
		return fmt.Sprintf("access to bucket %q is denied: it is somebody else's, or these credentials lack a permission (see docs/iam)", bucket)
	case http.StatusNotFound:
		if c := code(err); c == "" || c == "NotFound" {
			return noBucket(bucket)
		}
	}
	if strings.Contains(err.Error(), "get credentials") || strings.Contains(err.Error(), "failed to refresh cached credentials") {
		return "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"
	}
	return ""
}

func noBucket(bucket string) string {
	return fmt.Sprintf("there is no bucket %q: create it with \"publisher setup\"", bucket)
}

func wrongRegion(err error, bucket, region string) string {
	where := "the one that it is in"
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil {
		if h := r.Response.Header.Get("X-Amz-Bucket-Region"); h != "" {
			where = h
		}
	}
	return fmt.Sprintf("bucket %q is not in region %s: set AWS_REGION to %s", bucket, region, where)
}

// Status and Code are for callers that use the client of [NewClient].
func Status(err error) int { return status(err) }

// Code is S3's name for an error, "" if it gave none.
func Code(err error) string { return code(err) }
