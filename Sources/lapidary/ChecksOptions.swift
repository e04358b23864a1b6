internal import ArgumentParser

/// A command some of whose options are needed, alone or one of several.
///
/// What is missing is looked for when all is parsed: an option whose name has a typo is both unknown
/// and missing, and the user has to hear of the typo.
protocol ChecksOptions: ParsableCommand {
  /// Throws a `ValidationError` that says what is missing or does not go together.
  func checkOptions() throws
}

extension ChecksOptions {
  /// Checks the options; where they are wrong, says so with the command's usage and ends the process.
  func checkOptionsOrExit() {
    do { try checkOptions() } catch {
      let text = """
        Error: \(error)
        Usage: \(LapidaryCommand.usageString(for: Self.self))
          See 'lapidary \(CommandNames.name(of: Self.self)) --help' for more information.

        """
      Terminal.errors.say(text)
      Self.exit(withError: ExitCode.validationFailure)
    }
  }
}
