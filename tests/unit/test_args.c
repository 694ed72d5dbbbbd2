/* test_args.c - the command line: what is taken, and what is refused how. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/cli/args.h"

#define WORDS_MAX 32

static char line_text[1024];
static struct args args;
static struct error err;

/* Splits at blanks; '' is an empty word. */
static int parse(const char *line)
{
	char *argv[WORDS_MAX + 1] = { NULL };
	char *word;
	int argc = 0;

	snprintf(line_text, sizeof(line_text), "%s", line);
	err.text[0] = '\0';
	for (word = strtok(line_text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") ? word : word + 2;
	return args_parse(argc, argv, &args, &err);
}

static void defaults_are_those_of_the_contract(void **state)
{
	(void)state;
	assert_int_equal(parse("portcullis run"), 0);
	assert_int_equal(args.command, ARGS_RUN);
	assert_string_equal(args.run.state_dir, "/var/lib/portcullis");
	assert_string_equal(args.run.instance, "portcullis");
	assert_null(args.run.ports.wan);
	assert_int_equal(args.run.ports.lan_n, 0);
	assert_false(args.run.has_lan_net);
	assert_false(args.run.has_ui);
	assert_int_equal(args.run.dns_n, 0);
}

static void every_option_of_run_is_understood(void **state)
{
	char text[PREFIX_STRLEN + ENDPOINT_STRLEN];

	(void)state;
	assert_int_equal(
		parse("portcullis run --wan gw --lan gl,g2,g3 "
		      "--lan-net=192.168.5.1/16 --path nfqueue "
		      "--ui 10.0.0.1:8080 --dns 9.9.9.9,[fd00::1]:5353 "
		      "--state /tmp/x --name my-home2"),
		0);
	assert_string_equal(args.run.ports.wan, "gw");
	assert_int_equal(args.run.ports.lan_n, 3);
	assert_string_equal(args.run.ports.lan[0], "gl");
	assert_string_equal(args.run.ports.lan[2], "g3");
	assert_true(args.run.has_lan_net);
	assert_string_equal(prefix_format(&args.run.lan_net, text),
			    "192.168.5.1/16");
	assert_true(args.run.has_ui);
	assert_string_equal(endpoint_format(&args.run.ui, text),
			    "10.0.0.1:8080");
	assert_int_equal(args.run.dns_n, 2);
	assert_string_equal(endpoint_format(&args.run.dns[0].at, text),
			    "9.9.9.9:53");
	assert_string_equal(endpoint_format(&args.run.dns[1].at, text),
			    "[fd00::1]:5353");
	assert_string_equal(args.run.state_dir, "/tmp/x");
	assert_string_equal(args.run.instance, "my-home2");
	assert_string_equal(args.instance, "my-home2");
}

static void parsing_leaves_the_words_whole(void **state)
{
	char program[] = "portcullis", run[] = "run", lan[] = "--lan",
	     ports[] = "a,b";
	char *argv[] = { program, run, lan, ports, NULL };

	(void)state;
	assert_int_equal(args_parse(4, argv, &args, &err), 0);
	assert_string_equal(args.run.ports.lan[0], "a");
	assert_string_equal(argv[3], "a,b");
}

static void subcommands_are_told_apart(void **state)
{
	static const struct {
		const char *line;
		enum args_command command;
	} cases[] = {
		{ "portcullis status", ARGS_SHOW },
		{ "portcullis flows --json --name x", ARGS_SHOW },
		{ "portcullis get", ARGS_GET },
		{ "portcullis get wan.open", ARGS_GET },
		{ "portcullis set wan.open=udp:7777 dns.domain=", ARGS_SET },
		{ "portcullis restart", ARGS_RESTART },
		{ "portcullis stop --clean --name x", ARGS_STOP },
		{ "portcullis --version", ARGS_VERSION },
		{ "portcullis --help", ARGS_HELP },
		{ "portcullis run --help", ARGS_HELP },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].line), 0);
		assert_int_equal(args.command, cases[i].command);
	}
	assert_int_equal(parse("portcullis drops --json"), 0);
	assert_string_equal(args.view, "drops");
	assert_true(args.json);
	assert_int_equal(parse("portcullis set --name h a=1 b=2"), 0);
	assert_int_equal(args.words_n, 2);
	assert_string_equal(args.words[1], "b=2");
	assert_int_equal(parse("portcullis stop --clean"), 0);
	assert_true(args.clean);
}

static void bad_arguments_are_refused_in_one_sentence(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "portcullis", "say what to do" },
		{ "portcullis dance", "'dance' is no command" },
		{ "portcullis run now", "run: 'now' is one word too many" },
		{ "portcullis run --json", "run: '--json' is no option" },
		{ "portcullis run -x", "run: '-x' is no option" },
		{ "portcullis run --wan", "run: --wan wants a value" },
		{ "portcullis run --wan ''", "--wan wants a port's name" },
		{ "portcullis run --wan abcdefghijklmnop", "--wan wants" },
		{ "portcullis run --wan ../x", "--wan wants" },
		{ "portcullis run --lan a,,b", "--lan wants port names" },
		{ "portcullis run --lan a,", "--lan wants" },
		{ "portcullis run --lan a,b,c,d,e,f,g,h,i,j,k,l,m",
		  "--lan: at most 12" },
		{ "portcullis run --lan-net 10.77.0.1", "--lan-net wants" },
		{ "portcullis run --lan-net 10.77.0.0/24", "--lan-net wants" },
		{ "portcullis run --lan-net 10.77.0.255/24",
		  "--lan-net wants" },
		{ "portcullis run --lan-net 10.77.0.1/31", "--lan-net wants" },
		{ "portcullis run --lan-net 127.0.0.1/8", "--lan-net wants" },
		{ "portcullis run --lan-net fd00::1/64", "--lan-net wants" },
		{ "portcullis run --path tc",
		  "--path wants auto, xdp or nfqueue" },
		{ "portcullis run --ui 10.77.0.1:0", "--ui wants" },
		{ "portcullis run --ui here", "--ui wants" },
		{ "portcullis run --dns 9.9.9.9,", "--dns wants" },
		{ "portcullis run --dns 0.0.0.0", "--dns wants" },
		{ "portcullis run --dns 1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,"
		  "1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9",
		  "--dns: at most 8" },
		{ "portcullis run --state ''", "--state wants a folder" },
		{ "portcullis run --name Home", "--name wants" },
		{ "portcullis run --name -home", "--name wants" },
		{ "portcullis run --name a/b", "--name wants" },
		{ "portcullis status --name abcdefghijklmnop", "--name wants" },
		{ "portcullis status now", "status: 'now' is one word" },
		{ "portcullis status --json=1", "status: '--json=1' is no" },
		{ "portcullis status --clean", "status: '--clean' is no" },
		{ "portcullis set", "set wants KEY=VALUE such as" },
		{ "portcullis set wan.open", "set wants KEY=VALUE, not" },
		{ "portcullis get a b", "get: 'b' is one word too many" },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(cases[i].line) != -EINVAL ||
		    strncmp(err.text, cases[i].says, strlen(cases[i].says)) ||
		    strchr(err.text, '\n'))
			fail_msg("%s: '%s'", cases[i].line, err.text);
	}
}

static void help_fits_a_terminal(void **state)
{
	const char *at = args_help, *end;
	size_t width;

	(void)state;
	for (; *at; at = end + 1) {
		end = strchr(at, '\n');
		assert_non_null(end);
		for (width = 0; at < end; at++)
			width += (*at & 0xc0) != 0x80;
		assert_true(width <= 80);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_contract),
		cmocka_unit_test(every_option_of_run_is_understood),
		cmocka_unit_test(parsing_leaves_the_words_whole),
		cmocka_unit_test(subcommands_are_told_apart),
		cmocka_unit_test(bad_arguments_are_refused_in_one_sentence),
		cmocka_unit_test(help_fits_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
