package web

import "encoding/json"

// webManifest tells a device that keeps the shop beside its apps what it is called and how it looks.
func webManifest(shop string) ([]byte, error) {
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose"`
	}
	return json.Marshal(struct {
		Name            string `json:"name"`
		ID              string `json:"id"`
		StartURL        string `json:"start_url"`
		Display         string `json:"display"`
		BackgroundColor string `json:"background_color"`
		ThemeColor      string `json:"theme_color"`
		Icons           []icon `json:"icons"`
	}{
		shop, "/", "/", "minimal-ui", "#fbf6ec", "#fffdf8",
		[]icon{{"/icon.svg", "any", "image/svg+xml", "any"}, {"/icon-maskable.svg", "any", "image/svg+xml", "maskable"}},
	})
}
