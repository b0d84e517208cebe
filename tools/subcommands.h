/* subcommands.h - what `medley WORD ...` does for the words that are no database: each takes the words after its own
 * and answers the exit status. Their help is in their files; medley_main.c lists them. */
#ifndef MEDLEY_TOOLS_SUBCOMMANDS_H
#define MEDLEY_TOOLS_SUBCOMMANDS_H

int subcommand_load(int argc, char **argv);
int subcommand_dump(int argc, char **argv);
int subcommand_stat(int argc, char **argv);
int subcommand_check(int argc, char **argv);
int subcommand_backup(int argc, char **argv);
int subcommand_compact(int argc, char **argv);

#endif
