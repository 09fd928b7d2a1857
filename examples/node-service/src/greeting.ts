/** Says hello to `name`, or to the world. */
export function greeting(name?: string): string {
  return `Hello, ${name || "world"}!`;
}
