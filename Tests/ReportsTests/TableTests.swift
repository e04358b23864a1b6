import Reports
import Testing

@Suite("Tables and JSON")
struct TableTests {
  private var report: Report {
    var table = Table(
      "costs", title: "Costs", [.init("operator"), .init("macs", "MACs", numeric: true)])
    table.add(.text("Conv"), .count(1_234_567))
    table.add(.text("a|b"), .count(nil))
    var report = Report()
    report.add(table)
    return report
  }

  @Test("text columns are aligned")
  func text() {
    #expect(
      report.text == """
        Costs
          operator       MACs
          Conv      1,234,567
          a|b               ?

        """)
  }

  @Test("Markdown cells are escaped")
  func markdown() {
    #expect(
      report.markdown == """
        ### Costs

        | operator | MACs |
        | :-- | --: |
        | Conv | 1,234,567 |
        | a\\|b | ? |

        """)
  }

  @Test("programs read values under keys")
  func values() {
    #expect(
      report.json
        == .object([
          "schema": .int(2),
          "costs": .array([
            .object(["operator": .string("Conv"), "macs": .int(1_234_567)]),
            .object(["operator": .string("a|b"), "macs": .null]),
          ]),
        ]))
  }

  @Test("JSON keeps the order of keys, escapes texts and says infinities as texts")
  func json() {
    let value = JSONValue.object([
      "z": .array([.int(1), .number(.nan), .number(.infinity), .number(-.infinity), .bool(true)]),
      "a": .string("q\"\\\n\u{1}"), "empty": .array([]),
    ])
    #expect(
      value.text == """
        {
          "z": [
            1,
            "nan",
            "inf",
            "-inf",
            true
          ],
          "a": "q\\"\\\\\\n\\u0001",
          "empty": []
        }

        """)
  }

  @Test("cells say their unit, unless the heading does; percents are fractions for programs")
  func units() {
    #expect(Cell.quantity(0.1234, .percent, digits: 1).text() == "12.3 %")
    #expect(Cell.quantity(0.1234, .percent, digits: 1).json == .number(0.1234))
    #expect(Cell.quantity(3, .decibels, digits: 1).text() == "3.0 dB")
    #expect(Cell.quantity(3, .decibels, digits: 1).text(withUnit: false) == "3.0")
    #expect(Cell.scientific(0).text() == "0" && Cell.scientific(3.14e-7).text() == "3.1e-07")
    #expect(Cell.texts(["a", "b", "c"], shown: 2).text() == "a, b and 1 more")
    #expect(Cell.missing().json == .null)
  }

  @Test("a table wider than the terminal goes on in further lines, whole")
  func narrow() {
    var table = Table("rows", [.init("name"), .init("n", numeric: true), .init("why")])
    table.add(.text("Conv"), .count(1), .text("one two three four five six seven eight"))
    var report = Report()
    report.add(table)
    #expect(
      TextRenderer(width: 30).render(report) == """
        name  n  why
        Conv  1  one two three four
                 five six seven eight

        """)
    #expect(report.text.contains("one two three four five six seven eight"))
  }

  @Test("values in sentences are keys, and lists under one key are one")
  func sentences() {
    var report = Report()
    report.add("median \(.quantity(1.5, .milliseconds, digits: 2), key: "median_ms")")
    report.add("outputs", lines: ["first"])
    report.add("outputs", prefix: "note: ", lines: ["second"])
    report.add("verdict", "same", strong: true)
    #expect(report.text == "median 1.50 ms\nfirst\nnote: second\nsame\n")
    #expect(report.markdown == "- median 1.50 ms\n- first\n- note: second\n\n**same**\n")
    #expect(
      report.json
        == .object([
          "schema": .int(2), "median_ms": .number(1.5),
          "outputs": .array([.string("first"), .string("second")]), "verdict": .string("same"),
        ]))
  }

  @Test("Long lines of a terminal go on below, broken between words")
  func wrapping() {
    var report = Report()
    report.add(notes: ["the quick brown fox jumps over the lazy dog"])
    #expect(
      TextRenderer(width: 24).render(report) == """
        note: the quick brown
          fox jumps over the
          lazy dog

        """)
    #expect(report.text == "note: the quick brown fox jumps over the lazy dog\n")
  }
}
