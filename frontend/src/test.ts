// Before each file of tests: the texts are there, in English.
import { loadAccountTexts, loadTexts } from "./lib/i18n";

await loadTexts("en");
await loadAccountTexts("en");
