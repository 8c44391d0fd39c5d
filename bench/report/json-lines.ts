/** JSON that a person can compare: a line for each member, and for each element of a member that is a list. */
export function jsonInLines (value: object): string {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}: ${Array.isArray(member) ? listInLines(member) : JSON.stringify(member)}`)
  return `{\n${members.join(',\n')}\n}\n`
}

function listInLines (list: readonly unknown[]): string {
  return list.length === 0 ? '[]' : `[\n${list.map((element) => ` ${JSON.stringify(element)}`).join(',\n')}\n]`
}
