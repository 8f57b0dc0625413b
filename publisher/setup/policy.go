package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/glowmap/glow/publisher/store"
)

// hasAccess checks the public access block. Access lists stay blocked: it is a
// policy that makes the feed public, and nothing but the feed.
func (s *Setup) hasAccess(ctx context.Context) (bool, error) {
	out, err := s.Client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &s.Bucket})
	if store.Code(err) == "NoSuchPublicAccessBlockConfiguration" {
		return true, nil // nothing is blocked
	}
	if err != nil || out.PublicAccessBlockConfiguration == nil {
		return false, err
	}
	b := out.PublicAccessBlockConfiguration
	return !aws.ToBool(b.BlockPublicPolicy) && !aws.ToBool(b.RestrictPublicBuckets), nil
}

func (s *Setup) setAccess(ctx context.Context) error {
	_, err := s.Client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &s.Bucket,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(true),
			BlockPublicPolicy: aws.Bool(false), RestrictPublicBuckets: aws.Bool(false),
		},
	})
	return err
}

// policySid is the name of our statement among those of others.
const policySid = "GlowPublicRead"

type document = map[string]any

// statement lets everybody read the feed. As it comes out of JSON, so that it
// compares with what a store returns.
func (s *Setup) statement() document {
	return document{
		"Sid": policySid, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": s.resources(),
	}
}

func (s *Setup) resources() []any {
	arn := "arn:" + partition(s.Region) + ":s3:::" + s.Bucket + "/" + s.Prefix
	return []any{arn + "v1/*", arn + "stats/*"}
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// policy returns the bucket's policy without our statement, and ours or nil.
func (s *Setup) policy(ctx context.Context) (rest document, ours document, err error) {
	rest = document{"Version": "2012-10-17"}
	out, err := s.Client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &s.Bucket})
	if store.Code(err) == "NoSuchBucketPolicy" {
		return rest, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if rest, ours, err = parsePolicy(aws.ToString(out.Policy)); err != nil {
		return nil, nil, fmt.Errorf("read the bucket's policy: %w", err)
	}
	return rest, ours, nil
}

// parsePolicy takes our statement out of a policy.
func parsePolicy(text string) (rest document, ours document, err error) {
	if err := json.Unmarshal([]byte(text), &rest); err != nil {
		return nil, nil, err
	}
	if rest == nil {
		return nil, nil, errors.New("it is null")
	}
	var others []any
	for _, one := range list(rest["Statement"]) {
		if d, ok := one.(document); ok && d["Sid"] == policySid {
			ours = d
		} else {
			others = append(others, one)
		}
	}
	rest["Statement"] = others
	return rest, ours, nil
}

// list is v, or v alone: a policy may have a single statement without brackets.
func list(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

func (s *Setup) hasPolicy(ctx context.Context) (bool, error) {
	_, ours, err := s.policy(ctx)
	if err != nil || ours == nil {
		return false, err
	}
	want := s.statement()
	// Stores may write "*" and single actions in longer forms.
	return ours["Effect"] == want["Effect"] && reflect.DeepEqual(ours["Resource"], want["Resource"]), nil
}

func (s *Setup) setPolicy(ctx context.Context) error {
	rest, _, err := s.policy(ctx)
	if err != nil {
		return err
	}
	rest["Statement"] = append(list(rest["Statement"]), s.statement())
	text, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	_, err = s.Client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &s.Bucket, Policy: aws.String(string(text))})
	return err
}

// showCDN prints the bucket policy that lets a CDN, and nobody else, read.
func (s *Setup) showCDN() {
	statement := document{
		"Sid": "GlowCDN", "Effect": "Allow", "Principal": document{"Service": "cloudfront.amazonaws.com"},
		"Action": "s3:GetObject", "Resource": s.resources(),
		"Condition": document{"StringEquals": document{"AWS:SourceArn": "arn:" + partition(s.Region) + ":cloudfront::ACCOUNT:distribution/DISTRIBUTION"}},
	}
	text, _ := json.MarshalIndent(document{"Version": "2012-10-17", "Statement": []any{statement}}, "", "  ")
	s.say("The bucket stays private. For a CDN in front of it (docs/cdn.md) use this policy, or --public to do without one:")
	s.say(string(text))
}
