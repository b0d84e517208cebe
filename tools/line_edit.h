/* line_edit.h - one line from a terminal, with editing, history and completion where libedit is there.
 *
 * Without it (Meson feature `line_editing`) lines are read plainly. The history is ~/.medley_history, mode 0600.
 * Completion offers tables, columns, Redis commands, SQL words and dot commands; it asks the session, between
 * statements only. */
#ifndef MEDLEY_TOOLS_LINE_EDIT_H
#define MEDLEY_TOOLS_LINE_EDIT_H

#include "engine/medley.h"

typedef struct line_edit line_edit;

line_edit *line_edit_open(medley_session *session);
/* Without its newline, to be given to free(); NULL at the end of the input or after a signal. */
char *line_edit_read(line_edit *editor, const char *prompt);
void line_edit_close(line_edit *editor);

#endif
