// For building ssh2's addon: CXXFLAGS="-include <this file>". A cipher object that dies in a collection without a current context aborts
// the whole process (node::RemoveEnvironmentCleanupHook, seen with Node 24.21): the hook looks for an environment that is not there. It
// only matters at exit, so the addon is built without it. Rule: nothing else is changed.
#include <node.h>
#define AddEnvironmentCleanupHook(...) static_cast<void>(0)
#define RemoveEnvironmentCleanupHook(...) static_cast<void>(0)
#include <node_object_wrap.h>
#undef AddEnvironmentCleanupHook
#undef RemoveEnvironmentCleanupHook
