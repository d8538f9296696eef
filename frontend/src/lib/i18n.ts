// What the pages say: texts by key, in the visitor's language. The texts are in messages/, one folder a language.
import type ofAccount from "../messages/account.en";
import type english from "../messages/en";
import { cookie, setCookie } from "./cookies";
import { languageOfPage } from "./page";

export const languages = { en: "English", de: "Deutsch" } as const;

export type Language = keyof typeof languages;
export type Key = keyof typeof english | keyof typeof ofAccount;
/** Texts that have one form for one and one for others, told without these ends. */
export type PluralKey = Key extends infer K ? (K extends `${infer Stem}_one` ? Stem : never) : never;
export type Values = Record<string, string | number>;

/** The language of the page: what the visitor chose, else what the server found best, else the browser's. */
export function chooseLanguage(chosen: string | undefined, page: string, browser: readonly string[]): Language {
	const wanted = [chosen, page, ...browser].map((tag) => tag?.split("-")[0]);
	return (wanted.find((tag) => tag !== undefined && Object.hasOwn(languages, tag)) as Language | undefined) ?? "en";
}

/** How numbers and dates are written: as the visitor's browser says, where that is in the language of the page. */
export function chooseLocale(language: Language, browser: readonly string[]): string {
	return browser.find((tag) => tag.split("-")[0] === language) ?? language;
}

export const language = chooseLanguage(cookie("lang"), languageOfPage, navigator.languages);
export const locale = chooseLocale(language, navigator.languages);

let texts: Record<string, string> = {};

/** Loads the texts; nothing is drawn before. */
export async function loadTexts(which: Language = language) {
	const { default: all } = await (which === "de" ? import("../messages/de") : import("../messages/en"));
	texts = { ...texts, ...all };
	document.documentElement.lang = which;
}

/** Loads the texts of the pages for who is signed in, which others need not wait for. */
export async function loadAccountTexts(which: Language = language) {
	const { default: more } = await (which === "de"
		? import("../messages/account.de")
		: import("../messages/account.en"));
	texts = { ...texts, ...more };
}

/** Has the pages speak another language, from the next page on, which is this one again. */
export function setLanguage(to: Language) {
	setCookie("lang", to);
	location.reload();
}

/** The text of a key, with its {places} filled. Not to be asked for while modules start: the texts come after them. */
export function t(key: Key, values: Values = {}): string {
	return fill(texts[key] ?? key, values);
}

/** Whether there is a text for a key that was put together. */
export function has(key: string): key is Key {
	return Object.hasOwn(texts, key);
}

const plurals = new Intl.PluralRules(locale);

/** The text for a number of things; {n} is the number. */
export function tn(key: PluralKey, n: number, values: Values = {}): string {
	const form = plurals.select(n) === "one" ? "_one" : "_other";
	return fill(texts[key + form] ?? key, { n: formatNumber(n), ...values });
}

/** A number of things, in the reader's digits. */
export const formatNumber = (n: number): string => new Intl.NumberFormat(locale).format(n);

function fill(text: string, values: Values): string {
	return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
