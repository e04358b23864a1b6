public import ArgumentParser
public import Lapidary

/// What a cut may take, where there is a choice.
struct ChoiceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      What goes of attention: whole heads, the same elements of every head, or whichever leaves more \
      to choose from.
      """, valueName: "auto|heads|widths"))
  var attention = PruningOptions.Attention.auto

  @Flag(
    help: """
      Let channels go that a reduction (ReduceMean, ReduceL2, …) goes over, which then gives the \
      result for those that stay.
      """)
  var cutReductions = false

  /// The choices as the library takes them.
  var choices: PruningOptions.Choices {
    var choices = PruningOptions.Choices()
    choices.attention = attention
    choices.cutsReductions = cutReductions
    return choices
  }
}

extension PruningOptions.Attention: ExpressibleByArgument {}
