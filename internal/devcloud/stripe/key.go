package stripe

import (
	"context"
	"errors"
	"sync"
)

type keyContext struct{}

// withKey marks the context of a request with the record that its answer is to be kept in.
func withKey(ctx context.Context, k *stored) context.Context {
	return context.WithValue(ctx, keyContext{}, k)
}

func keyOf(ctx context.Context) *stored {
	k, _ := ctx.Value(keyContext{}).(*stored)
	return k
}

// keyLock makes requests under one key follow one another.
func (s *Stripe) keyLock(key string) *sync.Mutex {
	lock, _ := s.keyLocks.LoadOrStore(key, new(sync.Mutex))
	return lock.(*sync.Mutex)
}

func asRefusal(err error, into **refusal) bool { return errors.As(err, into) }
