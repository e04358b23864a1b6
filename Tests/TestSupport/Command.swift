package import Foundation

/// The built command, as a user runs it.
package enum Command {
  /// What a run came to.
  package struct Outcome: Sendable {
    /// The exit status, or the number of the signal that ended it.
    package let status: Int32
    /// What it wrote to the standard output.
    package let output: Data
    /// What it wrote to the standard error.
    package let errors: String
  }

  /// Where the command is: beside the tests.
  package static let path = URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent().appendingPathComponent("lapidary").path

  /// Runs the command in a folder.
  ///
  /// - Parameter python: the Python that it looks for onnxruntime in; none unless given.
  package static func run(
    _ arguments: [String], in folder: String, python: String = ""
  ) throws -> Outcome {
    try start(path, arguments, in: folder, python: python).outcome()
  }

  /// Runs a line of shell in a folder; `$LAPIDARY` is the command.
  package static func shell(_ line: String, in folder: String) throws -> Outcome {
    try start("/bin/sh", ["-c", line], in: folder).outcome()
  }

  /// Starts the command and does not wait for it.
  package static func start(_ arguments: [String], in folder: String) throws -> Process {
    try start(path, arguments, in: folder).process
  }

  private struct Running {
    let process: Process
    let output = Pipe()
    let errors = Pipe()

    func outcome() -> Outcome {
      // Both at once: a command that fills the pipe that nobody reads would wait for ever.
      nonisolated(unsafe) var complaint = Data()
      let reader = DispatchQueue(label: "standard error")
      let source = errors.fileHandleForReading
      reader.async { complaint = source.readDataToEndOfFile() }
      let text = output.fileHandleForReading.readDataToEndOfFile()
      reader.sync {}
      process.waitUntilExit()
      return Outcome(
        status: process.terminationStatus, output: text,
        errors: String(decoding: complaint, as: UTF8.self))
    }
  }

  private static func start(
    _ program: String, _ arguments: [String], in folder: String, python: String = ""
  ) throws -> Running {
    let running = Running(process: Process())
    running.process.executableURL = URL(fileURLWithPath: program)
    running.process.arguments = arguments
    running.process.currentDirectoryURL = URL(fileURLWithPath: folder)
    var environment = ProcessInfo.processInfo.environment
    environment["LAPIDARY"] = path
    environment["LAPIDARY_PYTHON"] = python
    running.process.environment = environment
    running.process.standardOutput = running.output
    running.process.standardError = running.errors
    try running.process.run()
    return running
  }
}
