package setup

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/glowmap/glow/publisher/store"
)

// hasBucket lists rather than asks for the head: an answer to HEAD has no body
// to say what is wrong.
func (s *Setup) hasBucket(ctx context.Context) (bool, error) {
	_, err := s.Client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.Bucket, Prefix: &s.Prefix, MaxKeys: aws.Int32(1)})
	if store.Code(err) == "NoSuchBucket" {
		return false, nil
	}
	return err == nil, err
}

// usEast is the one region that must not be named when a bucket is created.
const usEast = "us-east-1"

func (s *Setup) createBucket(ctx context.Context) error {
	in := &s3.CreateBucketInput{Bucket: &s.Bucket}
	if s.Region != usEast {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.Region)}
	}
	_, err := s.Client.CreateBucket(ctx, in)
	var ours *types.BucketAlreadyOwnedByYou
	if errors.As(err, &ours) {
		return nil
	}
	return err
}

// The names of our rules among those of others.
const (
	corsID      = "glow-feed"
	lifecycleID = "glow-10s"
)

func (s *Setup) corsRule() types.CORSRule {
	return types.CORSRule{
		ID: aws.String(corsID), AllowedMethods: []string{"GET", "HEAD"}, AllowedOrigins: s.Origins,
		ExposeHeaders: []string{"Date", "ETag"}, MaxAgeSeconds: aws.Int32(3600),
	}
}

// cors returns the rules of others, and ours or nil.
func (s *Setup) cors(ctx context.Context) (others []types.CORSRule, ours *types.CORSRule, err error) {
	out, err := s.Client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &s.Bucket})
	if store.Code(err) == "NoSuchCORSConfiguration" {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, r := range out.CORSRules {
		if aws.ToString(r.ID) == corsID {
			ours = &r
		} else {
			others = append(others, r)
		}
	}
	return others, ours, nil
}

func (s *Setup) hasCORS(ctx context.Context) (bool, error) {
	_, ours, err := s.cors(ctx)
	if err != nil || ours == nil {
		return false, err
	}
	want := s.corsRule()
	return sameSet(ours.AllowedOrigins, want.AllowedOrigins) && sameSet(ours.AllowedMethods, want.AllowedMethods) &&
		sameSet(ours.ExposeHeaders, want.ExposeHeaders), nil
}

// setCORS puts our rule first: the first that fits is the one that counts.
func (s *Setup) setCORS(ctx context.Context) error {
	others, _, err := s.cors(ctx)
	if err != nil {
		return err
	}
	rules := append([]types.CORSRule{s.corsRule()}, others...)
	_, err = s.Client.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &s.Bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: rules}})
	return err
}

func (s *Setup) lifecycleRule() types.LifecycleRule {
	return types.LifecycleRule{
		ID: aws.String(lifecycleID), Status: types.ExpirationStatusEnabled,
		Filter:     &types.LifecycleRuleFilter{Prefix: aws.String(s.Prefix + "v1/10s/")},
		Expiration: &types.LifecycleExpiration{Days: aws.Int32(2)},
	}
}

func (s *Setup) lifecycle(ctx context.Context) (others []types.LifecycleRule, ours *types.LifecycleRule, err error) {
	out, err := s.Client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &s.Bucket})
	if store.Code(err) == "NoSuchLifecycleConfiguration" {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, r := range out.Rules {
		if aws.ToString(r.ID) == lifecycleID {
			ours = &r
		} else {
			others = append(others, r)
		}
	}
	return others, ours, nil
}

func (s *Setup) hasLifecycle(ctx context.Context) (bool, error) {
	_, ours, err := s.lifecycle(ctx)
	if err != nil || ours == nil || ours.Filter == nil || ours.Expiration == nil {
		return false, err
	}
	want := s.lifecycleRule()
	return ours.Status == want.Status && aws.ToString(ours.Filter.Prefix) == *want.Filter.Prefix &&
		aws.ToInt32(ours.Expiration.Days) == *want.Expiration.Days, nil
}

func (s *Setup) setLifecycle(ctx context.Context) error {
	others, _, err := s.lifecycle(ctx)
	if err != nil {
		return err
	}
	_, err = s.Client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &s.Bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: append(others, s.lifecycleRule())},
	})
	return err
}

// sameSet compares without regard to order.
func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	seen := map[string]int{}
	for i := range a {
		seen[a[i]]++
		seen[b[i]]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}
