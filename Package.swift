// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A Swift target of the library, with the settings that all of them share.
func swift(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A test target named after the target it tests.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: strict)
}

let package = Package(
  name: "lapidary",
  products: [
    .library(name: "Lapidary", targets: ["Lapidary"]),
    .executable(name: "lapidary", targets: ["lapidary"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng16", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CLibONNX", providers: [.apt(["libonnx-dev"])]),
    .target(name: "COnnx", dependencies: ["CProtobufC"], exclude: ["onnx.proto", "generate"]),
    .target(
      name: "COnnxChecker", dependencies: ["CLibONNX"],
      cxxSettings: [.define("ONNX_ML", to: "1"), .define("ONNX_NAMESPACE", to: "onnx")],
      linkerSettings: ["onnx", "onnx_proto", "protobuf"].map { .linkedLibrary($0) }),

    swift("Platform"),
    swift("IR"),
    swift("Kernels"),
    swift("ONNXFile", ["IR", "COnnx", "COnnxChecker"]),
    swift("Pictures", ["IR", "CPNG", "CTurboJPEG"]),
    swift("Operators", ["IR", "Kernels", "Pictures"]),
    swift("Rewriting", ["IR", "Operators", "Kernels"]),
    swift("Execution", ["IR", "Operators", "Kernels", "Rewriting"]),
    swift("OneDNN", ["IR", "Operators", "Kernels", "Execution", "COneDNN"]),
    // Data sets read the files that hold them, so the file layer lies below them.
    swift(
      "Samples",
      ["IR", "ONNXFile", "Operators", "Kernels", "Execution", "Pictures", "CZlib", "Platform"]),
    swift("Gradients", ["IR", "Kernels", "Operators", "Execution", "Samples", "Platform"]),
    swift(
      "Passes",
      [
        "IR", "Kernels", "Operators", "Rewriting", "Execution", "Samples", "Gradients", "Platform",
      ]),
    swift("Reports", ["IR", "Operators", "Execution"]),
    swift(
      "Lapidary",
      [
        "IR", "ONNXFile", "Operators", "Execution", "OneDNN", "Samples", "Gradients", "Passes",
        "Reports", "Platform",
      ]),
    .executableTarget(
      name: "lapidary",
      dependencies: [
        "Lapidary", "Platform", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["Lapidary"], path: "Tests/TestSupport",
      swiftSettings: strict),
    tests("Platform", ["Platform"]),
    tests("IR", ["IR"]),
    tests("ONNXFile", ["ONNXFile", "IR"]),
    tests("Operators", ["Operators", "ONNXFile", "IR", "Kernels"]),
    tests(
      "Execution",
      ["Execution", "Kernels", "OneDNN", "Samples", "Operators", "Passes", "ONNXFile", "IR"]),
    tests("Samples", ["Samples", "Pictures", "Execution", "ONNXFile", "IR"]),
    tests(
      "Gradients",
      ["Gradients", "Samples", "Execution", "OneDNN", "Operators", "ONNXFile", "IR"]),
    tests(
      "Passes",
      [
        "Passes", "Gradients", "Rewriting", "Samples", "Execution", "Operators", "Kernels",
        "ONNXFile", "IR",
      ]),
    tests("Reports", ["Reports", "IR"]),
    tests("Lapidary", ["Lapidary", "Operators"]),
  ],
  cLanguageStandard: .c17,
  cxxLanguageStandard: .cxx17
)

// `LAPIDARY_SMALL=1`, as Packaging/dist sets it: what is no inner loop is optimised for size, the parser is the
// copy that does without Foundation, and the linker is Packaging/link. This is no part of what is above because
// a package that has unsafe flags serves nobody as a dependency.
if Context.environment["LAPIDARY_SMALL"] == "1" {
  let innerLoops: Set = ["IR", "Kernels", "Execution", "OneDNN"]
  for target in package.targets where !innerLoops.contains(target.name) {
    target.swiftSettings?.append(.unsafeFlags(["-Osize"]))
  }
  package.targets.first { $0.name == "lapidary" }?.linkerSettings = [
    .unsafeFlags(["-ld-path=\(Context.packageDirectory)/Packaging/link"])
  ]
  package.dependencies = [.package(path: ".build/parser/swift-argument-parser")]
}
