/// `y[i] = table[x[i]]` for bytes of any meaning.
///
/// - Parameter table: 256 bytes, by the bits of what they stand for.
package func lookUp(
  _ x: UnsafeRawBufferPointer, in table: [UInt8], into y: UnsafeMutableRawBufferPointer
) {
  guard let from = x.baseAddress, let to = y.baseAddress, table.count == 256 else { return }
  let source = from.assumingMemoryBound(to: UInt8.self)
  let target = to.assumingMemoryBound(to: UInt8.self)
  parallel(min(x.count, y.count), grain: 1 << 17) { range in
    table.withUnsafeBufferPointer { table in
      for index in range { target[index] = table[Int(source[index])] }
    }
  }
}
