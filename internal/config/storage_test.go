package config

import (
	"strings"
	"testing"
)

func TestStorageAndSupabase(t *testing.T) {
	supabase := []string{"SUPABASE_URL=https://abc.supabase.co/", "SUPABASE_ANON_KEY=hunter2-anon", "SUPABASE_SERVICE_ROLE_KEY=hunter2-role", "ASSET_STORAGE_BUCKET=files"}
	s3 := []string{"ASSET_STORAGE_BACKEND=s3", "ASSET_STORAGE_BUCKET=files", "ASSET_STORAGE_S3_ACCESS_KEY_ID=hunter2-id", "ASSET_STORAGE_S3_SECRET_ACCESS_KEY=hunter2-secret"}
	for backend, settings := range map[string][]string{
		"local": nil, "none": {"ASSET_STORAGE_BACKEND=none"}, "supabase": supabase, "s3": s3,
	} {
		c, err := Load(settings, "")
		if err != nil || c.Storage.Backend != backend {
			t.Errorf("%s: %v", backend, err)
		}
	}
	if c, err := Load(append(supabase[:2:2], "ASSET_STORAGE_BACKEND=local"), ""); err != nil || c.Supabase.URL != "https://abc.supabase.co" || c.Storage.Backend != "local" {
		t.Errorf("Supabase without its storage: %v", err)
	}
	for _, c := range []struct {
		settings []string
		named    []string
	}{
		{supabase[:1], []string{"SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "ASSET_STORAGE_BUCKET"}},
		{supabase[:2], []string{"SUPABASE_SERVICE_ROLE_KEY", "ASSET_STORAGE_BUCKET"}},
		{supabase[1:2], []string{"SUPABASE_URL"}},
		{supabase[2:3], []string{"SUPABASE_URL", "SUPABASE_ANON_KEY"}},
		{append(supabase[:1:1], "ASSET_STORAGE_BACKEND=local"), []string{"SUPABASE_ANON_KEY"}},
		{[]string{"ASSET_STORAGE_BACKEND=supabase"}, []string{"SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "ASSET_STORAGE_BUCKET"}},
		{s3[:1], []string{"ASSET_STORAGE_BUCKET", "ASSET_STORAGE_S3_ACCESS_KEY_ID", "ASSET_STORAGE_S3_SECRET_ACCESS_KEY"}},
		{s3[:3], []string{"ASSET_STORAGE_S3_SECRET_ACCESS_KEY"}},
		{append(s3[:4:4], "ASSET_STORAGE_SIGNED_URL_TTL_SECONDS=604801"), []string{"ASSET_STORAGE_SIGNED_URL_TTL_SECONDS"}},
		{append(s3[:4:4], "ASSET_STORAGE_S3_ENDPOINT_URL=s3.example.test"), []string{"ASSET_STORAGE_S3_ENDPOINT_URL"}},
		{append(s3[:3:3], "ASSET_STORAGE_S3_SECRET_ACCESS_KEY=hunter2 "), []string{"ASSET_STORAGE_S3_SECRET_ACCESS_KEY"}},
		{append(supabase[1:4:4], "SUPABASE_URL=http://abc.supabase.co"), []string{"SUPABASE_URL"}},
		{append(supabase[1:4:4], "SUPABASE_URL=https://abc.supabase.co/rest/v1"), []string{"SUPABASE_URL"}},
		{[]string{"ASSET_STORAGE_BACKEND=disk"}, []string{"ASSET_STORAGE_BACKEND"}},
	} {
		_, err := Load(c.settings, "")
		if err == nil {
			t.Errorf("%q was accepted", c.settings)
			continue
		}
		text := strings.TrimPrefix(err.Error(), "the configuration cannot be used:\n")
		for _, name := range c.named {
			if !strings.Contains(text, name) {
				t.Errorf("%q: %s is not named: %s", c.settings, name, text)
			}
		}
		if strings.Contains(text, "\n") || strings.Contains(text, "hunter2") {
			t.Errorf("%q: more than one message, or a value in it: %s", c.settings, text)
		}
	}
}
