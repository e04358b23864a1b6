public import ArgumentParser
import Foundation
public import Lapidary

/// The forms a report can take.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, markdown
}

/// How a command reports.
struct ReportOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The form of the report.", valueName: "text|json|markdown"))
  var format = ReportFormat.text

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  /// Prints one of three renderings.
  func print(
    toStandardError: Bool = false, text: @autoclosure () -> String,
    markdown: @autoclosure () -> String, json: @autoclosure () -> JSONValue
  ) {
    guard !quiet else { return }
    let rendering =
      switch format {
      case .text: FileText.shown(text())
      case .markdown: FileText.shown(markdown())
      case .json: json().text
      }
    let handle = toStandardError ? FileHandle.standardError : FileHandle.standardOutput
    handle.write(Data(rendering.utf8))
  }
}

/// What every command that runs models takes.
struct RunOptions: ParsableArguments {
  @Option(help: "Threads to use; 0 for the machine's cores.")
  var threads = 0

  @Option(help: "The seed of random inputs.")
  var seed: UInt64 = 0

  func validate() throws {
    guard threads >= 0 else {
      throw ValidationError("--threads: expected 0 or more, found \(threads)")
    }
  }

  /// Options for sessions.
  func session(_ backend: Backend = .accelerated) -> SessionOptions {
    SessionOptions(backend: backend, threads: threads)
  }
}

/// Whether a command proves its result.
struct VerificationOptions: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Run the model before and after, and require equal results.")
  var verify = true

  /// The verification to run, or nil.
  func verification(_ run: RunOptions) -> Verification? {
    verify ? Verification(seed: run.seed, options: run.session()) : nil
  }

  /// How far the second model lies from the first on the data, or on random inputs where there are
  /// none; nil when not asked or not to be run.
  func comparison(
    _ before: Model, _ after: Model, on data: Dataset?, _ run: RunOptions
  ) throws(ModelError) -> ModelComparison? {
    guard verify else { return nil }
    let sample: Dataset
    if let data {
      sample = data
    } else {
      sample = try Dataset.load("random:4", for: before, seed: run.seed)
    }
    return try ModelComparison.ifRunnable(
      before, after, on: sample, options: run.session(), limit: 16)
  }
}

extension Backend: ExpressibleByArgument {}

/// Notes as lines below a report.
func noteText(_ notes: [String]) -> String { notes.map { "note: \($0)\n" }.joined() }
