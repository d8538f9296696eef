// Package demo is what the demo shop sells, and to whom: plain data and small real files. It puts up nothing itself;
// app.Seed does, through the domains.
package demo

// Person is somebody of the demo.
type Person struct{ Email, FirstName, LastName string }

// Who is in the demo.
var (
	Seller = Person{"seller@example.test", "Demo", "Seller"}
	Buyers = []Person{
		{"buyer@example.test", "Demo", "Buyer"},
		{"reader@example.test", "Demo", "Reader"},
	}
)

// Product is one product. Prices are in cents of USD; the first is the default.
type Product struct {
	Name, Slug, Tagline, Description string
	FeatureKeys                      []string
	MaxDownloads                     int64 // of a digital product
	Prices                           []Price
	Files                            []File
	Offer                            *Offer // of a service
	Plan                             *Plan  // of a subscription
}

// Plan is how Clerk sells a subscription: its features are the product's, its prices the recurring ones.
type Plan struct {
	ID, Slug  string
	TrialDays int
}

// Price is one price.
type Price struct {
	Name, Period string
	AmountCents  int64
}

// File is a file for sale. Content makes the same bytes each time.
type File struct {
	Title, Path, Version string
	Content              func() []byte
}

// Offer is what a service product promises.
type Offer struct {
	Timezone                                    string // of the seller's clock
	SessionMinutes, DeliveryDays, RevisionCount int64
	Onboarding                                  string
}

// Products are the demo's products, in the order in which they are put up: the last is the newest.
var Products = []Product{
	{
		Name: "Ten Questions Before You Build", Slug: "ten-questions", Tagline: "One evening with these saves a quarter.",
		Description: "A short worksheet for the night before you open the editor. Ten questions about who it is for, what they do today, and " +
			"what would have to be true for them to switch. Answer them honestly, and you will either build something smaller, or not build " +
			"it at all. Both are good outcomes.\n\nFree, because everybody should have asked them.",
		FeatureKeys: []string{"worksheets"}, MaxDownloads: 10,
		Prices: []Price{{"Free", "one_time", 0}},
		Files:  []File{{"The worksheet (Markdown)", "ten-questions/worksheet.md", "1.0", worksheet}},
	},
	{
		Name: "The First Hundred Customers", Slug: "first-hundred-customers",
		Tagline: "A calm, practical route from nobody to a hundred people who pay.",
		Description: "Most advice on finding customers starts at ten thousand. This guide starts at zero. It walks through the four rooms where " +
			"your first hundred already are, how to begin a conversation that is not a pitch, and how to ask for money without flinching.\n\n" +
			"With word-for-word first messages, a weekly rhythm that fits beside a job, and the three numbers worth writing down.",
		FeatureKeys: []string{"guides", "first_hundred"}, MaxDownloads: 5,
		Prices: []Price{{"One reader", "one_time", 1900}, {"Team of ten", "one_time", 9900}},
		Files:  []File{{"The guide (PDF)", "first-hundred/guide.pdf", "2.1", guide}},
	},
	{
		Name: "Launch Week Kit", Slug: "launch-week-kit", Tagline: "Seven days, planned down to the hour, so you can enjoy them.",
		Description: "Everything we wish we had on our own first launch, in one archive: a day-by-day checklist, the four e-mails to write before you " +
			"need them, a press note that fits on one screen, and a budget that adds itself up.\n\nPlain files, no accounts, no macros. Change " +
			"whatever you like, and use it for every launch you will ever do.",
		FeatureKeys: []string{"templates", "launch_kit"}, MaxDownloads: 5,
		Prices: []Price{{"The kit", "one_time", 3900}},
		Files:  []File{{"The kit (ZIP)", "launch-week/kit.zip", "1.4", launchKit}},
	},
	{
		Name: "Runway Planner", Slug: "runway-planner", Tagline: "Know the month you run out, and what moves it.",
		Description: "Twenty-four months of income, costs and cash in a table that any spreadsheet opens, with a page of notes on what to put into each " +
			"line. Change three numbers and see the month move.\n\nMade for one person with a calendar and a bank account, not for a finance team.",
		FeatureKeys: []string{"templates"}, MaxDownloads: 5,
		Prices: []Price{{"The planner", "one_time", 1400}},
		Files: []File{
			{"The planner (CSV)", "runway/planner.csv", "1.2", planner},
			{"How to use it (Markdown)", "runway/notes.md", "1.2", plannerNotes},
		},
	},
	{
		Name: "Quiet Hours", Slug: "quiet-hours", Tagline: "The sound of a room where somebody works.",
		Description: "Soft, low noise with a slow swell, like rain on a roof two houses away. No melody to follow, no voices, no surprises. " +
			"Made to loop without a seam: start it, forget it, and look up when the work is done.",
		FeatureKeys: []string{"sounds"}, MaxDownloads: 10,
		Prices: []Price{{"The loop", "one_time", 500}},
		Files:  []File{{"The loop (WAV)", "quiet-hours/loop.wav", "1.0", quietLoop}},
	},
	{
		Name: "Founder Letters", Slug: "founder-letters", Tagline: "One honest letter a week from the middle of building something.",
		Description: "Every Thursday, a letter about what worked, what did not, and what it cost, with the numbers left in. Subscribers also read the whole " +
			"archive, and may write back: every letter gets an answer.\n\nCancel whenever you like; you keep what you have downloaded.",
		FeatureKeys: []string{"founder_letters", "letter_archive"}, MaxDownloads: 20,
		Prices: []Price{{"Monthly", "monthly", 800}, {"Yearly, two months free", "yearly", 8000}},
		Files:  []File{{"The letter to begin with (Markdown)", "letters/001-begin.md", "1", letter}},
		Plan:   &Plan{ID: "cplan_founder_letters", Slug: "founder_letters"},
	},
	{
		Name: "Founder Circle", Slug: "founder-circle", Tagline: "The letters, and a call a month with the people who answer them.",
		Description: "Everything in Founder Letters, and one open call a month: bring a number that worries you, leave with three people who have seen it " +
			"before. Twelve seats a call, notes for who could not come, and no recording, so that people say what they mean.\n\n" +
			"The first two weeks are free.",
		FeatureKeys: []string{"founder_letters", "letter_archive", "founder_circle"}, MaxDownloads: 20,
		Prices: []Price{{"Monthly", "monthly", 2400}, {"Yearly, two months free", "yearly", 24000}},
		Files: []File{
			{"The letter to begin with (Markdown)", "letters/001-begin.md", "1", letter},
			{"How a call goes (Markdown)", "circle/first-call.md", "1", firstCall},
		},
		Plan: &Plan{ID: "cplan_founder_circle", Slug: "founder_circle", TrialDays: 14},
	},
	{
		Name: "Pricing Review", Slug: "pricing-review", Tagline: "An hour on your prices, and a page you can act on the same day.",
		Description: "We go through what you charge, whom you charge, and what they compare you with. You leave with one recommended change, the " +
			"sentence that announces it, and the number that tells you in thirty days whether it was right.\n\nFor products that " +
			"already have at least five paying customers.",
		FeatureKeys: []string{"pricing_review"},
		Prices:      []Price{{"One session", "one_time", 18000}},
		Offer: &Offer{
			Timezone:       "Europe/Lisbon",
			SessionMinutes: 60, DeliveryDays: 2, RevisionCount: 1,
			Onboarding: "Send your pricing page, and three recent invoices with the names removed, two days before we meet.",
		},
	},
	{
		Name: "Landing Page Teardown", Slug: "landing-page-teardown", Tagline: "Your page, read aloud by somebody who has never seen it.",
		Description: "A recorded reading of your landing page by a stranger, a written list of the five places where they hesitated, and a rewritten first " +
			"screen. Then we meet for half an hour and go through it together.\n\nTwo rounds of changes are included.",
		FeatureKeys: []string{"teardown"},
		Prices:      []Price{{"One page", "one_time", 24000}, {"Three pages", "one_time", 60000}},
		Offer: &Offer{
			Timezone:       "Europe/Lisbon",
			SessionMinutes: 30, DeliveryDays: 5, RevisionCount: 2,
			Onboarding: "Send the address of the page, and one sentence on who it is for.",
		},
	},
}
