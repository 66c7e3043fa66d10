// Included before ssh2's binding.cc when its crypto addon is built (scripts/postinstall.mjs).
// Rule: node::ObjectWrap of Node 24.21 removes an environment hook in its destructor; when the garbage collector runs it
// outside a JavaScript context there is no environment, and the whole process aborts. nan's own ObjectWrap has no such hook.
#ifndef LOCKSTEP_OBJECT_WRAP_H_
#define LOCKSTEP_OBJECT_WRAP_H_
#define SRC_NODE_OBJECT_WRAP_H_
#include <nan.h>
namespace node {
class ObjectWrap : public Nan::ObjectWrap {
 public:
  template <class T> static inline T* Unwrap(v8::Local<v8::Object> handle) { return Nan::ObjectWrap::Unwrap<T>(handle); }
};
}  // namespace node
#endif
