/** Closes a switch: a new member of the union fails to compile where somebody must decide. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
