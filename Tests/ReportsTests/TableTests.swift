import Reports
import Testing

@Suite("Tables and JSON")
struct TableTests {
  private var table: Table {
    var table = Table("Costs", [.init("operator"), .init("MACs", numeric: true)])
    table.add(.init("Conv"), .init(1_234_567))
    table.add(.init("a|b"), .init(nil as Int?))
    return table
  }

  @Test("text columns are aligned")
  func text() {
    #expect(
      table.text == """
        Costs
          operator       MACs
          Conv      1,234,567
          a|b               ?

        """)
  }

  @Test("Markdown cells are escaped")
  func markdown() {
    #expect(
      table.markdown == """
        ### Costs

        | operator | MACs |
        | :-- | --: |
        | Conv | 1,234,567 |
        | a\\|b | ? |

        """)
  }

  @Test("JSON keeps the order of keys and escapes texts")
  func json() {
    let value = JSONValue.object([
      "z": .array([.int(1), .number(.nan), .bool(true)]), "a": .string("q\"\\\n\u{1}"),
      "empty": .array([]),
    ])
    #expect(
      value.text == """
        {
          "z": [
            1,
            null,
            true
          ],
          "a": "q\\"\\\\\\n\\u0001",
          "empty": []
        }

        """)
  }
}
