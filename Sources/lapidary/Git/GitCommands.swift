import ArgumentParser
import Lapidary
import Platform

/// `lapidary git-setup`.
struct GitSetupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "git-setup",
    abstract: "Makes git diff, git log -p and git difftool show models by what they are.",
    discussion: """
      Sets a diff driver and a difftool called lapidary in the repository, and the attribute \
      '*.onnx diff=lapidary' in its .gitattributes. Pointers of Git LFS are followed where the object \
      is in the repository. git difftool -t lapidary shows one file after the other.

      Example: lapidary git-setup
      """)

  @Flag(name: .customLong("global"), help: "Write the user's settings, for all repositories.")
  var isGlobal = false

  @Option(
    help: ArgumentHelp(
      "How git is to call this program; by default where it is.", valueName: "PATH"))
  var command: String?

  @OptionGroup var report: ReportOptions

  func run() throws {
    let setup = try GitSetup(
      in: Machine.currentFolder, command: command ?? Self.own, isGlobal: isGlobal
    )
    var found = Report()
    found.add("done", lines: setup.lines.map { Sentence($0) })
    try report.print(found)
  }

  /// Where this program is.
  private static var own: String {
    let name = CommandLine.arguments[0]
    guard name.contains("/") else { return name }
    return FilePath.absolute(name)
  }
}

/// `lapidary git-review`.
struct GitReviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "git-review",
    abstract: "Compares the models of two commits, for a pull request.",
    discussion: """
      Without a second commit, the working tree. The exit status is 1 when a model differs in what \
      counts; models that were added or removed are listed. In Markdown the report has at most \
      60,000 characters.

      Example: lapidary git-review HEAD~1 HEAD --format markdown
      """)

  @Argument(help: "The older commit.")
  var base: String

  @Argument(help: "The newer commit.")
  var head: String?

  @OptionGroup var choices: DiffChoices
  @OptionGroup var report: ReportOptions

  func run() throws {
    let review = try GitReview(
      base, head, in: Machine.currentFolder, try choices.diff())
    try report.print(review.report())
    if review.differs { throw ExitCode(1) }
  }
}

/// `lapidary git-textconv`, which git calls.
struct GitTextconv: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "git-textconv", abstract: "Prints a model for git; never fails.",
    shouldDisplay: false)

  @Argument(help: "The file.")
  var file: String

  func run() throws {
    try Terminal.output.write(GitModelFile(file, isDetached: true).text)
  }
}

/// `lapidary git-diff`, which git calls.
struct GitDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "git-diff", abstract: "Prints a difference for git's diff driver; never fails.",
    shouldDisplay: false)

  @Argument(help: "path old-file old-hex old-mode new-file new-hex new-mode, as git gives them.")
  var arguments: [String]

  func run() throws {
    // A path that is in conflict comes alone; one that was renamed comes with its new name behind.
    guard arguments.count >= 7 else {
      return try Terminal.output.write("unmerged: \(arguments.first ?? "")\n")
    }
    let name = arguments.count > 7 ? arguments[7] : arguments[0]
    try Terminal.output.write(
      FileText.shown(
        GitDifference.text(name, old: arguments[1], new: arguments[4], ModelDiff())))
  }
}

/// `lapidary git-difftool`, which git calls.
struct GitDifftool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "git-difftool", abstract: "Prints a difference for git difftool; never fails.",
    shouldDisplay: false)

  @Argument(help: "The old file, the new file and the name of both.")
  var arguments: [String]

  func run() throws {
    guard arguments.count >= 2 else { return }
    let name = arguments.count > 2 ? arguments[2] : arguments[1]
    try Terminal.output.write(
      FileText.shown(
        GitDifference.text(name, old: arguments[0], new: arguments[1], ModelDiff())))
  }
}
