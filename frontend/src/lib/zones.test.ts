import { expect, it } from "vitest";
import { knownZone, momentOf, shownAt } from "./zones";

it.each([
	["2026-12-01", "10:00", "Europe/Berlin", "2026-12-01T09:00:00.000Z"],
	["2026-07-01", "10:00", "Europe/Berlin", "2026-07-01T08:00:00.000Z"],
	["2026-03-29", "01:59", "Europe/Berlin", "2026-03-29T00:59:00.000Z"], // the last minute before summer time
	["2026-03-29", "03:00", "Europe/Berlin", "2026-03-29T01:00:00.000Z"],
	["2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"], // of two, the first
	["2026-10-25", "03:00", "Europe/Berlin", "2026-10-25T02:00:00.000Z"],
	["2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30:00.000Z"],
	["2027-03-14", "03:00", "America/New_York", "2027-03-14T07:00:00.000Z"],
	["2026-10-04", "03:00", "Australia/Lord_Howe", "2026-10-03T16:00:00.000Z"], // half an hour
	["2026-12-01", "23:59", "Pacific/Kiritimati", "2026-12-01T09:59:00.000Z"],
	["2026-12-01", "00:00", "Asia/Kathmandu", "2026-11-30T18:15:00.000Z"],
])("%s %s in %s is %s", (day, time, zone, moment) => {
	expect(momentOf(day, time, zone)?.toISOString()).toBe(moment);
	expect(shownAt(new Date(moment), zone)).toEqual({ day, time });
});

it.each([
	["2026-03-29", "02:30", "Europe/Berlin"],
	["2027-03-14", "02:00", "America/New_York"],
	["2026-10-04", "02:15", "Australia/Lord_Howe"],
	["", "10:00", "Europe/Berlin"],
	["2026-12-01", "", "Europe/Berlin"],
	["2026-02-30", "10:00", "Europe/Berlin"],
])("%s %s in %s never comes", (day, time, zone) => {
	expect(momentOf(day, time, zone)).toBeUndefined();
});

it("shows times of a zone that the browser lacks by UTC", () => {
	expect(knownZone("Europe/Lisbon")).toBe("Europe/Lisbon");
	expect(knownZone("Factory")).toBe("UTC");
	expect(knownZone("")).toBe("UTC");
});
