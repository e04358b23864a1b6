/// How the elements of a tensor lie in memory where that is not row by row. Only the backend that has
/// arranged them can read it; one object stands for one arrangement.
package protocol Arrangement: AnyObject {}
