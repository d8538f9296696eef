package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"souk/internal/blob"
)

const (
	leastPart = 5 << 20 // bytes; the least that the protocol takes, for all parts but the last
	mostParts = 10_000  // the protocol's limit
)

// Put sends what fits into one part at once, and anything larger in parts that become an object together at the end. One
// part is in memory at a time. A file of unknown length may have 48 GiB.
func (s *Store) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	if !blob.ValidKey(key) {
		return notAKey(key)
	}
	part := make([]byte, partSize(size))
	in := &source{ctx: ctx, body: body, size: size}
	n, err := in.fill(part)
	if err == nil && in.ended {
		err = s.putWhole(ctx, key, part[:n])
	} else if err == nil {
		err = s.putParts(ctx, key, in, part)
	}
	return failed(err)
}

// partSize gives room for a small file with one byte more, so that its end is seen.
func partSize(size int64) int64 {
	if size >= 0 && size < leastPart {
		return size + 1
	}
	return max(leastPart, (size+mostParts-1)/mostParts)
}

func (s *Store) putWhole(ctx context.Context, key string, whole []byte) error {
	ctx, done := context.WithTimeout(ctx, storePatience)
	defer done()
	_, err := s.client.PutObject(ctx, &sdk.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(whole), ContentType: new(blob.MediaType(key))})
	return err
}

// putParts sends the first part, which is full, and the rest of in.
func (s *Store) putParts(ctx context.Context, key string, in *source, part []byte) (err error) {
	begin, done := context.WithTimeout(ctx, askPatience)
	defer done()
	upload, err := s.client.CreateMultipartUpload(begin, &sdk.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, ContentType: new(blob.MediaType(key)),
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abort(ctx, key, upload.UploadId))
		}
	}()
	var parts []types.CompletedPart
	for n := len(part); n > 0; {
		if len(parts) == mostParts {
			return blob.ErrTooLarge
		}
		done, err := s.putPart(ctx, key, upload.UploadId, int32(len(parts)+1), part[:n])
		if err != nil {
			return err
		}
		parts = append(parts, done)
		if n, err = in.fill(part); err != nil {
			return err
		}
	}
	end, done := context.WithTimeout(ctx, storePatience)
	defer done()
	_, err = s.client.CompleteMultipartUpload(end, &sdk.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return err
}

func (s *Store) putPart(ctx context.Context, key string, upload *string, number int32, part []byte) (types.CompletedPart, error) {
	ctx, done := context.WithTimeout(ctx, storePatience)
	defer done()
	stored, err := s.client.UploadPart(ctx, &sdk.UploadPartInput{
		Bucket: &s.bucket, Key: &key, UploadId: upload, PartNumber: &number, Body: bytes.NewReader(part),
	})
	if err != nil {
		return types.CompletedPart{}, err
	}
	return types.CompletedPart{ETag: stored.ETag, PartNumber: &number}, nil
}

// abort lets the server forget the parts, also when it was ctx that ended the upload.
func (s *Store) abort(ctx context.Context, key string, upload *string) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), askPatience)
	defer done()
	_, err := s.client.AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &key, UploadId: upload})
	if err != nil {
		return fmt.Errorf("give up the upload: %w", err)
	}
	return nil
}

// source is a body whose end, length and error are known for sure.
type source struct {
	ctx   context.Context
	body  io.Reader
	size  int64 // -1: any
	read  int64
	ended bool
	err   error
}

// fill reads until part is full or the body ends, and gives how much came.
func (s *source) fill(part []byte) (n int, err error) {
	for n < len(part) && !s.ended && s.err == nil {
		var got int
		got, s.err = s.body.Read(part[n:])
		n, s.read = n+got, s.read+int64(got)
		s.ended = errors.Is(s.err, io.EOF)
		switch {
		case s.err != nil && !s.ended:
		case s.ctx.Err() != nil:
			s.err = s.ctx.Err()
		case s.size >= 0 && (s.read > s.size || s.ended && s.read < s.size):
			s.err = fmt.Errorf("%d bytes came, %d were announced: %w", s.read, s.size, io.ErrUnexpectedEOF)
		case s.ended:
			s.err = nil
		}
	}
	return n, s.err
}
