/** The element below `root` that is marked data-part=NAME. Throws where the markup has none of that kind. */
export function part<E extends Element> (root: ParentNode, name: string, kind: new () => E): E {
  const found = root.querySelector(`[data-part="${name}"]`)
  if (!(found instanceof kind)) throw new Error(`the markup has no ${kind.name} called ${name}`)
  return found
}

/** A new copy of what a template holds, which is one element. */
export function fromTemplate (name: string): HTMLElement {
  const copy = document.importNode(part(document, name, HTMLTemplateElement).content, true).firstElementChild
  if (!(copy instanceof HTMLElement)) throw new Error(`the template ${name} is empty`)
  return copy
}

/** A row of a description list. */
export function describedRow (term: string, description: string): HTMLElement {
  const row = document.createElement('div')
  const [name, value] = [document.createElement('dt'), document.createElement('dd')]
  name.textContent = term
  value.textContent = description
  row.append(name, value)
  return row
}
