#include "checker.h"

#include <algorithm>
#include <exception>
#include <set>
#include <sstream>
#include <string>

#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"

namespace {

/// Copies a text; 1 when it does not fit.
int copy(const std::string &text, char *buffer, size_t capacity) {
  if (text.size() + 1 > capacity) return 1;
  std::copy(text.begin(), text.end(), buffer);
  buffer[text.size()] = '\0';
  return 0;
}

void write(std::ostream &out, const onnx::AttributeProto &value) {
  switch (value.type()) {
    case onnx::AttributeProto::INT: out << value.i(); break;
    case onnx::AttributeProto::FLOAT: out.precision(9); out << value.f(); break;
    case onnx::AttributeProto::STRING: out << value.s(); break;
    case onnx::AttributeProto::INTS:
      for (int i = 0; i < value.ints_size(); ++i) out << (i ? " " : "") << value.ints(i);
      break;
    case onnx::AttributeProto::STRINGS:
      for (int i = 0; i < value.strings_size(); ++i) out << (i ? " " : "") << value.strings(i);
      break;
    default: break;
  }
}

void write(std::ostream &out, const char *kind, const onnx::OpSchema::FormalParameter &formal) {
  out << kind << ' ' << static_cast<int>(formal.GetOption()) << ' ' << formal.GetIsHomogeneous()
      << ' ' << formal.GetMinArity() << ' ' << formal.GetTypeStr();
  std::set<std::string> types;
  for (const auto &type : formal.GetTypes()) types.insert(*type);
  for (const auto &type : types) out << ' ' << type;
  out << '\n';
}

}  // namespace

int lapidary_onnx_operators(int opset, char *buffer, size_t capacity) {
  try {
    std::set<std::string> names;
    for (const auto &schema : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
      if (schema.domain().empty() && schema.SinceVersion() <= opset) names.insert(schema.Name());
    }
    std::string text;
    for (const auto &name : names) text += name + "\n";
    return copy(text, buffer, capacity);
  } catch (...) {
    return 1;
  }
}

int lapidary_onnx_schema(const char *type, int opset, char *buffer, size_t capacity) {
  try {
    const onnx::OpSchema *schema = onnx::OpSchemaRegistry::Schema(type, opset, "");
    if (schema == nullptr || schema->Deprecated()) return 1;
    std::ostringstream out;
    for (const auto &formal : schema->inputs()) write(out, "input", formal);
    for (const auto &formal : schema->outputs()) write(out, "output", formal);
    for (const auto &entry : schema->attributes()) {
      const auto &attribute = entry.second;
      std::string kind = onnx::AttributeProto::AttributeType_Name(
          static_cast<onnx::AttributeProto::AttributeType>(attribute.type));
      std::transform(kind.begin(), kind.end(), kind.begin(), ::tolower);
      const bool hasDefault = attribute.default_value.has_type();
      out << "attribute " << attribute.name << ' ' << kind << ' ' << attribute.required << ' '
          << hasDefault;
      if (hasDefault) {
        out << ' ';
        write(out, attribute.default_value);
      }
      out << '\n';
    }
    return copy(out.str(), buffer, capacity);
  } catch (...) {
    return 1;
  }
}

int lapidary_onnx_ir_version(void) { return onnx::Version::IR_VERSION; }

int lapidary_onnx_opset(void) {
  return onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
      .Map()
      .at(onnx::ONNX_DOMAIN)
      .second;
}
