import ArgumentParser
import Glibc
import Lapidary

/// Runs the command and turns errors into text and an exit status, in this one place.
@main
enum Main {
  static func main() {
    Terminal.occupyClosedStreams()
    do {
      if let complaint = CommandNames.complaint(about: CommandLine.arguments.dropFirst()) {
        throw ValidationError(complaint)
      }
      var command = try LapidaryCommand.parseAsRoot()
      (command as? any ChecksOptions)?.checkOptionsOrExit()
      if (command as? any RunsModels)?.runsModels ?? false { PatientThreads.ensure() }
      Interruption.watch()
      try command.run()
    } catch let error as ModelError {
      let name = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") } ?? "lapidary"
      Terminal.errors.say(FileText.shown(ErrorText.text(of: error, from: name)))
      // A failed verification is an answer (1), anything else is trouble (2).
      exit(error.code == .verification && name != "diff" ? 1 : 2)
    } catch {
      Progress.clear()
      leave(after: error)
    }
  }
}

extension Main {
  /// Ends as the parser asks: with help, which has to get through, or with what was wrong.
  private static func leave(after error: any Error) -> Never {
    guard LapidaryCommand.exitCode(for: error) == .success else {
      LapidaryCommand.exit(withError: error)
    }
    do {
      try Terminal.output.write(LapidaryCommand.fullMessage(for: error) + "\n")
      Glibc.exit(0)
    } catch {
      Terminal.errors.say("error: \(error)\n")
      Glibc.exit(2)
    }
  }
}

/// `lapidary`.
struct LapidaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lapidary",
    abstract: "Makes ONNX models smaller and faster as files, and proves each step.",
    discussion: """
      Exit status: 0 fine, 1 differs or failed verification, 2 trouble, 64 wrong usage.
      """,
    version: Version.text,
    subcommands: [
      Compress.self, Inspect.self, Check.self, Infer.self, Convert.self, Edit.self, Text.self,
      Fuse.self,
      Groups.self, Prune.self, VerifyPlan.self, Sparsify.self, Factor.self, SensitivityCommand.self,
      Quantize.self, Calibrate.self, MergeStatistics.self, Run.self, Compare.self,
      Evaluate.self, Bench.self, LatencyTableCommand.self, Diff.self, GoldenCommand.self,
      GitSetupCommand.self, GitReviewCommand.self, GitTextconv.self, GitDiff.self, GitDifftool.self,
      RecipeCommand.self, Tune.self, GradientCommand.self,
    ])
}
