#include "descriptors.h"

#include "onnx.pb-c.h"

const ProtobufCMessageDescriptor *lapidary_model_descriptor(void) {
  return &onnx__model_proto__descriptor;
}

const ProtobufCMessageDescriptor *lapidary_tensor_descriptor(void) {
  return &onnx__tensor_proto__descriptor;
}
