/* server_commands.h - handlers of COMMAND, and what CONFIG asks a selected cache bucket. */
#ifndef MED_REDIS_SERVER_COMMANDS_H
#define MED_REDIS_SERVER_COMMANDS_H

#include "engine/redis/command.h"

/* command_commands.c */
int med_redis_command_command(med_redis_call *call);
int med_redis_command_count_command(med_redis_call *call);
int med_redis_command_docs_command(med_redis_call *call);
int med_redis_command_info_command(med_redis_call *call);
int med_redis_command_list_command(med_redis_call *call);
/* "config|get" as well as "get"; NULL if there is none. */
const med_redis_command *med_redis_command_of_word(med_redis_call *call, med_slice word);
/* Words that blanks separate. */
bool med_redis_words_have(const char *words, const char *word);
void med_redis_reply_flags(med_redis_call *call, const char *words);

/* command_keys.c */
int med_redis_command_getkeys_command(med_redis_call *call);
int med_redis_command_getkeysandflags_command(med_redis_call *call);
/* What it does with the first or another key that it names, in words of GETKEYSANDFLAGS; NULL: it has no keys. */
const char *med_redis_command_key_use(const med_redis_command *command, bool first);

/* cache_commands.c. The value of maxmemory or maxmemory-policy of the selected bucket, in the call's scratch; NULL if it is no
 * cache bucket or the setting is another. */
const char *med_redis_cache_setting(med_redis_call *call, const char *name);
/* *done: whether the setting was one of a selected cache bucket. */
MEDLEY_MUST_USE int med_redis_cache_set_setting(med_redis_call *call, const char *name, med_slice value, bool *done);

#endif
