// test/chaos/lib/hours.mjs
//	The hours of the model, as docs/bookings.md words them: what was logged in which week, when a week may be billed, and
//	what it costs.

import { uuidOf } from './ids.mjs';
import { priceOfTime } from './money.mjs';

const DAY = 86400;
const LOCK = 7 * DAY + DAY / 2; // a week is locked on the Monday after it, at 12:00 UTC
const GRACE = 120; // seconds that a timer may be late at the end of a run

const midnight = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;
const mondayOf = (day) => midnight(day) - ((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7) * DAY;

export class Hours {
	entries = new Map();
	weeks = new Map();
	billed = new Set();

	constructor(wrong) {
		this.wrong = wrong;
	}

	#bad({ seq, type, id }, what) { this.wrong(`event ${seq}: ${type} ${id}: ${what}`); }

	// Hours were logged or corrected.
	told(row, op) {
		const { timeEntryId, date, minutes } = row.data;
		const key = `${row.id}|${mondayOf(date)}`;
		const before = this.entries.get(timeEntryId) ?? 0;
		if (minutes !== op?.target.minutes) this.#bad(row, `${minutes} minutes, ${op?.target.minutes} were asked for`);
		if ((row.type === 'booking.time_changed') !== this.entries.has(timeEntryId)) this.#bad(row, `the entry ${timeEntryId} is ${before ? 'there already' : 'not known'}`);
		if (this.billed.has(key)) this.#bad(row, 'the week is billed');
		this.entries.set(timeEntryId, minutes);
		this.weeks.set(key, (this.weeks.get(key) ?? 0) + minutes - before);
	}

	// A week is billed: by its time, or because its booking ends. What it costs.
	bill(row, booking, rate) {
		const monday = midnight(row.data.week);
		const key = `${booking}|${monday}`;
		const minutes = this.weeks.get(key);
		if (minutes !== row.data.minutes) this.#bad(row, `${row.data.minutes} minutes are billed, ${minutes} were logged`);
		if (row.actor === null && row.at < monday + LOCK) this.#bad(row, 'the week is not over');
		this.weeks.delete(key);
		this.billed.add(key);
		return priceOfTime(rate, minutes ?? 0);
	}

	// The booking was called off: what was not billed is not.
	waive(booking) {
		for (const key of this.weeks.keys()) if (key.startsWith(`${booking}|`)) this.weeks.delete(key);
	}

	// Hours that are left are of weeks that are not over.
	finish(now) {
		for (const [key, minutes] of this.weeks)
			if (minutes > 0 && now > Number(key.split('|')[1]) + LOCK + GRACE) this.wrong(`${minutes} minutes of ${key} were never billed`);
	}
}
