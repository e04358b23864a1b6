// What the parser of the command line asks of Foundation, without Foundation: Packaging/dist puts this in place
// of the parser's own file of this name, beside the library's files for JSON.

extension Error {
  func describe() -> String { String(describing: self) }
}

enum JSONEncoder {
  static func encode<T: Encodable>(_ value: T) -> String {
    (try? JSONCoding.bytes(of: value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
