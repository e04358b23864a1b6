import Foundation
import TestSupport
import Testing

@Suite struct SchemaTests {
  private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/COnnx")

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func generatedCodeIsCurrent() throws {
    let target = try TemporaryFolder()
    let process = Process()
    process.executableURL = folder.appendingPathComponent("generate")
    process.arguments = [target.path]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "protoc-c comes with Debian's protobuf-c-compiler")
    for name in ["onnx.pb-c.c", "include/onnx.pb-c.h"] {
      let same = try text(target[name]) == text(folder.appendingPathComponent(name).path)
      #expect(same, "\(name): run Sources/COnnx/generate")
    }
  }

  @Test func schemaIsASupersetOfTheInstalledOne() throws {
    let installed = SchemaParser(try text("/usr/include/onnx/onnx.proto")).facts
    let own = SchemaParser(try text(folder.appendingPathComponent("onnx.proto").path)).facts
    #expect(installed.count > 120)
    // This constant names the newest version of its release, so that it moves.
    for (name, fact) in installed where name != "Version.IR_VERSION" {
      #expect(own[name] == fact, "\(name)")
    }
  }

  @Test(arguments: [
    ("NodeProto.overload", "optional string 8"),
    ("NodeProto.metadata_props", "repeated StringStringEntryProto 9"),
    ("NodeProto.device_configurations", "repeated NodeDeviceConfigurationProto 10"),
    ("TensorProto.metadata_props", "repeated StringStringEntryProto 16"),
    ("GraphProto.metadata_props", "repeated StringStringEntryProto 16"),
    ("ValueInfoProto.metadata_props", "repeated StringStringEntryProto 4"),
    ("FunctionProto.attribute_proto", "repeated AttributeProto 11"),
    ("FunctionProto.value_info", "repeated ValueInfoProto 12"),
    ("FunctionProto.overload", "optional string 13"),
    ("FunctionProto.metadata_props", "repeated StringStringEntryProto 14"),
    ("ModelProto.configuration", "repeated DeviceConfigurationProto 26"),
    ("TensorProto.DataType.FLOAT8E4M3FN", "constant 17"),
    ("TensorProto.DataType.INT2", "constant 26"),
  ])
  func laterReleasesAreCovered(name: String, fact: String) throws {
    let own = SchemaParser(try text(folder.appendingPathComponent("onnx.proto").path)).facts
    #expect(own[name] == fact)
  }
}
