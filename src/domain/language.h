/*
 * Tags and names that come from outside: languages (BCP 47) and time zones (IANA), by syntax.
 *
 * Thread-safety: functions without state.
 */
#ifndef DOMAIN_LANGUAGE_H
#define DOMAIN_LANGUAGE_H

#include <stdbool.h>

enum { DOMAIN_LANGUAGE_BYTES = 36 }; /* 35 characters, as RFC 5646 section 4.4.1 advises */

/*
 * Checks a language tag by the grammar of RFC 5646 and writes it in its canonical case
 * ("ZH-hant-tw" becomes "zh-Hant-TW"). Subtags are not looked up in a registry. Grandfathered tags,
 * languages of more than three letters (none was ever registered), repeated variants and tags that
 * are only private use ("x-...") are refused. On false the result is untouched.
 */
bool domain_language_canonical(const char *tag, char ret_tag[DOMAIN_LANGUAGE_BYTES]);

/*
 * True for what has the form of an IANA zone name: "UTC", "Europe/Paris",
 * "America/Argentina/Buenos_Aires". Never a path that leaves a directory. Whether the zone exists
 * is for the caller to look up.
 */
bool domain_time_zone_valid(const char *name);

#endif
