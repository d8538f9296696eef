// Package s3 keeps objects in a bucket of Amazon S3, or of a server that speaks its protocol. The bytes go to the server in
// parts and never lie in memory as a whole; downloads go from the server to the browser by presigned addresses.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"souk/internal/blob"
)

const (
	askPatience   = 10 * time.Second // for a question without a body, its repetitions counted
	storePatience = 2 * time.Minute  // for one part, likewise
)

// Options are what New needs.
type Options struct {
	Bucket          string
	Endpoint        string // an origin; empty is Amazon's of the region. One that is set gets path-style addresses.
	Region          string
	AccessKeyID     string
	SecretAccessKey string
	Client          *http.Client // one that bounds replies, follows no redirect, and has no timeout of its own
	Now             func() time.Time
}

// Store is the bucket. Safe for concurrent use.
type Store struct {
	bucket  string
	client  *sdk.Client
	presign *sdk.PresignClient
}

var _ blob.Store = (*Store)(nil)

// New makes the store. It asks the server nothing.
func New(o Options) *Store {
	options := sdk.Options{
		Region:      o.Region,
		Credentials: credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey, ""),
		HTTPClient:  o.Client,
		Retryer: retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxBackoff = 300 * time.Millisecond
		}),
		// The signature is over the bytes already, and servers beside Amazon's refuse the newer checksums.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if o.Endpoint != "" {
		options.BaseEndpoint, options.UsePathStyle = &o.Endpoint, true
	}
	client := sdk.New(options)
	return &Store{bucket: o.Bucket, client: client, presign: sdk.NewPresignClient(client, func(p *sdk.PresignOptions) {
		p.Presigner = clockSigner{v4.NewSigner(func(s *v4.SignerOptions) { s.DisableURIPathEscaping = true }), o.Now}
	})}
}

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	if !blob.ValidKey(key) {
		return blob.Info{}, blob.ErrNotFound
	}
	ctx, done := context.WithTimeout(ctx, askPatience)
	defer done()
	head, err := s.client.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if isStatus(err, http.StatusNotFound) { // an answer to HEAD does not say what is missing
		if missing := s.Check(ctx); errors.Is(missing, blob.ErrNoBucket) {
			return blob.Info{}, missing
		}
		return blob.Info{}, blob.ErrNotFound
	}
	if err != nil {
		return blob.Info{}, failed(err)
	}
	return blob.Info{Size: aws.ToInt64(head.ContentLength), Modified: aws.ToTime(head.LastModified).UTC()}, nil
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, key string) error {
	if !blob.ValidKey(key) {
		return nil
	}
	ctx, done := context.WithTimeout(ctx, askPatience)
	defer done()
	_, err := s.client.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	return failed(err)
}

// SignGet makes a presigned address. Nobody is asked for it, so it says nothing of whether the object is there.
func (s *Store) SignGet(ctx context.Context, key string, d blob.Download, ttl time.Duration) (string, error) {
	if !blob.ValidKey(key) {
		return "", notAKey(key)
	}
	signed, err := s.presign.PresignGetObject(ctx, &sdk.GetObjectInput{
		Bucket: &s.bucket, Key: &key,
		ResponseContentDisposition: aws.String(blob.Disposition(d.FileName)),
		ResponseContentType:        aws.String(blob.MediaType(d.FileName)),
		ResponseCacheControl:       aws.String("private, no-store"),
	}, sdk.WithPresignExpires(ttl))
	if err != nil {
		return "", failed(err)
	}
	return signed.URL, nil
}

// Check asks whether the bucket is there and lets these credentials in.
func (s *Store) Check(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, askPatience)
	defer done()
	_, err := s.client.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: &s.bucket})
	if isStatus(err, http.StatusNotFound) {
		return blob.ErrNoBucket.Because(err)
	}
	return failed(err)
}

func notAKey(key string) error { return blob.Failed(fmt.Errorf("not a key: %q", key)) }

func isStatus(err error, status int) bool {
	var answer *smithyhttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() == status
}

// failed makes a fault of what the server, or the way to it, answered.
func failed(err error) error {
	var said smithy.APIError
	if errors.As(err, &said) {
		switch said.ErrorCode() {
		case "NoSuchBucket":
			return blob.ErrNoBucket.Because(err)
		case "EntityTooLarge":
			return blob.ErrTooLarge.Because(err)
		}
	}
	return blob.Failed(err)
}

// clockSigner signs with the time it is given: an address says when it was made.
type clockSigner struct {
	*v4.Signer
	now func() time.Time
}

func (c clockSigner) PresignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, payloadHash, service, region string,
	_ time.Time, options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	return c.Signer.PresignHTTP(ctx, cred, r, payloadHash, service, region, c.now(), options...)
}
