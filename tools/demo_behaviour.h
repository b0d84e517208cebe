/* demo_behaviour.h - the chapter of the demo about what people did: page views in a wide-column table. */
#ifndef MEDLEY_TOOLS_DEMO_BEHAVIOUR_H
#define MEDLEY_TOOLS_DEMO_BEHAVIOUR_H

#include "tools/demo_scene.h"

void demo_behaviour_tell(scene *s);

#endif
