/** An element with its attributes and what is in it. Text is always text: nothing is ever read as markup. */
export const el = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Name] => {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

/** Changes a text only where it differs, so that nothing is read out or laid out twice. */
export const setText = (node: Node, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}

/** A button. What it is for is read out after its label, where the label does not say it. */
export const button = (label: string, onClick: () => void, { kind = "", about = "" } = {}): HTMLButtonElement => {
  const element = el("button", { type: "button", class: kind }, el("span", {}, label))
  if (about !== "") element.append(el("span", { class: "unseen" }, ` ${about}`))
  element.addEventListener("click", () => {
    if (element.ariaDisabled !== "true") onClick()
  })
  return element
}

/** Says that a button's work is on its way, or gives the button back. It keeps the focus, which `disabled` would lose. */
export const setBusy = (element: HTMLButtonElement, isBusy: boolean, label: string): void => {
  element.ariaDisabled = isBusy ? "true" : "false"
  if (element.firstChild !== null) setText(element.firstChild, label)
}

/** Brings the children of a list into an order, and moves none that is in its place: a move takes the focus away. */
export const arrange = (parent: Element, children: ReadonlyArray<Element>): void => {
  const wanted = new Set(children)
  for (const child of Array.from(parent.children)) if (!wanted.has(child)) child.remove()
  for (const [index, child] of children.entries()) {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null)
  }
}

const spoken = el("p", { class: "unseen", role: "status", id: "spoken" })

/** Where outcomes are read out. It has to be in the page before the first one. */
export const liveRegion = spoken

/** Has something read out, also when it is the same as before. */
export const announce = (text: string): void => {
  spoken.textContent = spoken.textContent === text ? `${text}\u00a0` : text
}
