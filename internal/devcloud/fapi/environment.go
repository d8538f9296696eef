package fapi

// environment is how the instance is set up: e-mail addresses with passwords and codes, and billing for users.
func (c *call) environment() (any, error) {
	off := func(name string) map[string]any {
		return map[string]any{
			"name": name, "enabled": false, "required": false, "used_for_first_factor": false, "first_factors": []string{}, "used_for_second_factor": false,
			"second_factors": []string{}, "verifications": []string{}, "verify_at_sign_up": false,
		}
	}
	attributes := map[string]any{}
	for _, name := range []string{"phone_number", "username", "web3_wallet", "passkey", "authenticator_app", "backup_code"} {
		attributes[name] = off(name)
	}
	for _, name := range []string{"first_name", "last_name"} {
		attributes[name] = off(name)
		attributes[name].(map[string]any)["enabled"] = true
	}
	email := off("email_address")
	email["enabled"], email["required"], email["used_for_first_factor"], email["verify_at_sign_up"] = true, true, true, true
	email["first_factors"], email["verifications"] = []string{byCode}, []string{byCode}
	password := off(byPassword)
	password["enabled"], password["required"] = true, true
	attributes["email_address"], attributes[byPassword] = email, password
	paid := false
	for _, plan := range c.in.Plans() {
		paid = paid || !plan.Default
	}
	return bare{map[string]any{
		"auth_config": map[string]any{"object": "auth_config", "id": "aconf_dev", "single_session_mode": true, "reverification": false, "claimed_at": nil},
		"display_config": map[string]any{
			"object": "display_config", "id": "display_config_dev", "instance_environment_type": "production", "application_name": c.o.Application,
			"theme": map[string]any{}, "preferred_sign_in_strategy": byPassword, "logo_image_url": "", "favicon_image_url": "", "home_url": c.o.Origin + "/",
			"sign_in_url": c.o.Origin + "/sign-in", "sign_up_url": c.o.Origin + "/sign-up", "user_profile_url": c.o.Origin + "/account/profile",
			"after_sign_in_url": c.o.Origin + "/", "after_sign_up_url": c.o.Origin + "/", "after_sign_out_one_url": c.o.Origin + "/",
			"after_sign_out_all_url": c.o.Origin + "/", "after_switch_session_url": c.o.Origin + "/", "branded": false, "captcha_public_key": nil,
			"captcha_widget_type": nil, "captcha_provider": nil, "captcha_public_key_invisible": nil, "captcha_oauth_bypass": []string{},
			"support_email": "", "clerk_js_version": "6", "show_devmode_warning": false, "terms_url": "", "privacy_policy_url": "",
		},
		"user_settings": map[string]any{
			"attributes": attributes, "social": map[string]any{}, "saml": map[string]any{"enabled": false},
			"enterprise_sso": map[string]any{"enabled": false, "self_serve_sso": false},
			"actions":        map[string]any{"delete_self": true, "create_organization": false, "create_organizations_limit": nil},
			"sign_in":        map[string]any{"second_factor": map[string]any{"required": false, "enabled": false}},
			"sign_up": map[string]any{
				"mode": "public", "progressive": true, "captcha_enabled": false, "custom_action_required": false, "legal_consent_enabled": false, "mfa": map[string]any{"required": false},
			},
			"password_settings": map[string]any{
				"min_length": minPassword, "max_length": maxPassword, "disable_hibp": true, "require_special_char": false, "require_numbers": false, "require_uppercase": false,
				"require_lowercase": false, "show_zxcvbn": false, "min_zxcvbn_strength": 0, "allowed_special_characters": "",
			},
			"passkey_settings":  map[string]any{"allow_autofill": false, "show_sign_in_button": false},
			"username_settings": map[string]any{"min_length": 4, "max_length": 64},
		},
		"organization_settings": map[string]any{"enabled": false, "max_allowed_memberships": 1, "force_organization_selection": false},
		"commerce_settings": map[string]any{"billing": map[string]any{
			"stripe_publishable_key": "pk_test_standin", "free_trial_requires_payment_method": true,
			"organization": map[string]any{"enabled": false, "has_paid_plans": false}, "user": map[string]any{"enabled": paid, "has_paid_plans": paid},
		}},
		"api_keys_settings": map[string]any{"enabled": false, "user_api_keys_enabled": false, "orgs_api_keys_enabled": false},
		"maintenance_mode":  false, "client_debug_mode": false,
	}}, nil
}
