/* refusals.c - the allow list of PRAGMAs and the refused functions. */
#include "models/relational/refusals.h"

#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

typedef enum pragma_rule {
  PRAGMA_FREE, /* reads and writes are the user's own business */
  PRAGMA_READS /* without an argument only */
} pragma_rule;

typedef struct pragma_entry {
  const char *name;
  pragma_rule rule;
  const char *reason; /* why a value is refused */
} pragma_entry;

static const char owned_by_storage[] = "the shared storage decides this";
static const char journal_in_memory[] = "the rollback journal is in memory, the storage makes commits durable";
static const char page_layout[] = "the page layout is part of the file format";

static const pragma_entry pragmas[] = {
    {"analysis_limit", PRAGMA_FREE, NULL},
    {"application_id", PRAGMA_FREE, NULL},
    {"auto_vacuum", PRAGMA_READS, page_layout},
    {"automatic_index", PRAGMA_FREE, NULL},
    {"busy_timeout", PRAGMA_READS, "set the busy timeout of the session"},
    {"cache_size", PRAGMA_FREE, NULL},
    {"cache_spill", PRAGMA_READS, owned_by_storage},
    {"case_sensitive_like", PRAGMA_FREE, NULL},
    {"cell_size_check", PRAGMA_READS, "it is on for files that are opened as untrusted"},
    {"collation_list", PRAGMA_FREE, NULL},
    {"compile_options", PRAGMA_FREE, NULL},
    {"count_changes", PRAGMA_FREE, NULL},
    {"data_version", PRAGMA_FREE, NULL},
    {"database_list", PRAGMA_FREE, NULL},
    {"default_cache_size", PRAGMA_READS, "use cache_size"},
    {"defer_foreign_keys", PRAGMA_FREE, NULL},
    {"empty_result_callbacks", PRAGMA_FREE, NULL},
    {"encoding", PRAGMA_READS, "text is UTF-8 in every model"},
    {"foreign_key_check", PRAGMA_FREE, NULL},
    {"foreign_key_list", PRAGMA_FREE, NULL},
    {"foreign_keys", PRAGMA_FREE, NULL},
    {"freelist_count", PRAGMA_FREE, NULL},
    {"full_column_names", PRAGMA_FREE, NULL},
    {"fullfsync", PRAGMA_READS, owned_by_storage},
    {"function_list", PRAGMA_FREE, NULL},
    {"hard_heap_limit", PRAGMA_READS, "it would hold for the whole process"},
    {"ignore_check_constraints", PRAGMA_FREE, NULL},
    {"incremental_vacuum", PRAGMA_FREE, NULL},
    {"index_info", PRAGMA_FREE, NULL},
    {"index_list", PRAGMA_FREE, NULL},
    {"index_xinfo", PRAGMA_FREE, NULL},
    {"integrity_check", PRAGMA_FREE, NULL},
    {"journal_mode", PRAGMA_READS, journal_in_memory},
    {"journal_size_limit", PRAGMA_READS, journal_in_memory},
    {"legacy_alter_table", PRAGMA_FREE, NULL},
    {"legacy_file_format", PRAGMA_READS, page_layout},
    {"locking_mode", PRAGMA_READS, owned_by_storage},
    {"max_page_count", PRAGMA_READS, "set the size limit when the database is opened"},
    {"mmap_size", PRAGMA_READS, owned_by_storage},
    {"module_list", PRAGMA_FREE, NULL},
    {"optimize", PRAGMA_FREE, NULL},
    {"page_count", PRAGMA_FREE, NULL},
    {"page_size", PRAGMA_READS, page_layout},
    {"pragma_list", PRAGMA_FREE, NULL},
    {"query_only", PRAGMA_FREE, NULL},
    {"quick_check", PRAGMA_FREE, NULL},
    {"read_uncommitted", PRAGMA_READS, "there is no shared cache"},
    {"recursive_triggers", PRAGMA_FREE, NULL},
    {"reverse_unordered_selects", PRAGMA_FREE, NULL},
    {"schema_version", PRAGMA_READS, "other sessions would trust an outdated schema"},
    {"secure_delete", PRAGMA_READS, "copy-on-write leaves old pages in the file: compact instead"},
    {"short_column_names", PRAGMA_FREE, NULL},
    {"shrink_memory", PRAGMA_FREE, NULL},
    {"soft_heap_limit", PRAGMA_READS, "it would hold for the whole process"},
    {"synchronous", PRAGMA_READS, "choose the durability when the database is opened"},
    {"table_info", PRAGMA_FREE, NULL},
    {"table_list", PRAGMA_FREE, NULL},
    {"table_xinfo", PRAGMA_FREE, NULL},
    {"temp_store", PRAGMA_FREE, NULL},
    {"threads", PRAGMA_FREE, NULL},
    {"trusted_schema", PRAGMA_READS, "it is always off"},
    {"user_version", PRAGMA_FREE, NULL},
    {"wal_autocheckpoint", PRAGMA_READS, journal_in_memory},
};

const char *med_refusals_pragma(const char *name, const char *argument) {
  for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
    if (strcasecmp(name, pragmas[i].name) != 0) continue;
    return pragmas[i].rule == PRAGMA_FREE || argument == NULL ? NULL : pragmas[i].reason;
  }
  return "it is not on the list of allowed PRAGMAs";
}

size_t med_refusals_pragma_count(void) { return sizeof pragmas / sizeof pragmas[0]; }

const char *med_refusals_function(const char *name) {
  if (strcasecmp(name, "load_extension") == 0) return "it would run code from a file";
  if (strcasecmp(name, "fts3_tokenizer") == 0) return "it would run code at an address";
  return NULL;
}
