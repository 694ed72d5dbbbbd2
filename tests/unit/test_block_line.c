/* test_block_line.c - what each way of writing means, and what is passed over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "ctl/proto/block_line.h"

/* Names by blanks; a leading "*" where all below are meant, "@" where it is
 * not to be blocked. */
static const struct {
	const char *line, *want;
} lines[] = {
	{ "0.0.0.0 Ads.example.com", "ads.example.com" },
	{ "127.0.0.1\ta.example b.example # c.example", "a.example b.example" },
	{ ":: a.example", "a.example" },
	{ "::1 a.example", "a.example" },
	{ "127.0.0.1 localhost", "" },
	{ "10.0.0.9 nas.example", "" },
	{ "ads.example.com", "*ads.example.com" },
	{ "  ads.example.com.  \r", "*ads.example.com" },
	{ "*.ads.example", "*ads.example" },
	{ ".ads.example", "*ads.example" },
	{ "a_b.example", "*a_b.example" },
	{ "a.example b.example", "" },
	{ "com", "" },
	{ "||ads.example^", "*ads.example" },
	{ "||ads.example", "*ads.example" },
	{ "||ads.example^|", "*ads.example" },
	{ "||*.ads.example^", "*ads.example" },
	{ "||ads.example^$important,all", "*ads.example" },
	{ "||ads.example^$third-party", "" },
	{ "||ads.example^$important,script", "" },
	{ "||ads.example/banner^", "" },
	{ "||ads.*.example^", "" },
	{ "||ads.example^x", "" },
	{ "@@||good.example^", "@*good.example" },
	{ "@@good.example", "" },
	{ "a.example #b.example # c", "*a.example" },
	{ "good.example##.banner", "" },
	{ "/ads[0-9]+/", "" },
	{ "|https://ads.example|", "" },
	{ "! ads.example", "" },
	{ "# ads.example", "" },
	{ "[Adblock Plus 2.0]", "" },
	{ "", "" },
	{ "   ", "" },
	{ "||", "" },
	{ "a..b.example", "" },
	{ "b\xc3\xbc"
	  "cher.example",
	  "" },
};

static void lines_mean_what_they_say(void **state)
{
	struct block_line l;
	struct dns_name name;
	char got[256], text[DNS_NAME_STRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		*got = '\0';
		if (block_line_begin(&l, lines[i].line, strlen(lines[i].line)))
			while (block_line_next(&l, &name))
				snprintf(got + strlen(got),
					 sizeof(got) - strlen(got), "%s%s%s%s",
					 *got ? " " : "", l.allow ? "@" : "",
					 l.below ? "*" : "",
					 dns_name_format(&name, text));
		if (strcmp(got, lines[i].want))
			fail_msg("'%s': '%s', not '%s'", lines[i].line, got,
				 lines[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_mean_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
