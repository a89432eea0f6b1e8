/** Makes an element with attributes and children. A string child is text, never markup. */
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

/** Sets a text only if it differs, so that a screen reader does not read it twice. */
export const setText = (node: Node, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}

/** Runs `act` on each press of a button that is not busy. */
export const onPress = (element: HTMLButtonElement, act: () => void): void =>
  element.addEventListener("click", () => {
    if (element.ariaDisabled !== "true") act()
  })

/** Makes a button. A screen reader reads `about` after the label. */
export const button = (
  label: string,
  { about = "", act, kind = "" }: { about?: string; act?: () => void; kind?: string } = {}
): HTMLButtonElement => {
  const element = el("button", { type: "button", class: kind }, el("span", {}, label))
  if (about !== "") element.append(el("span", { class: "unseen" }, ` ${about}`))
  if (act !== undefined) onPress(element, act)
  return element
}

/** Marks a button as busy, or as free. A busy button keeps the focus, which `disabled` would lose. */
export const setBusy = (element: HTMLButtonElement, isBusy: boolean, label: string): void => {
  element.ariaDisabled = isBusy ? "true" : "false"
  if (element.firstChild !== null) setText(element.firstChild, label)
}

/** Orders the children of a list. It does not move a child that is in its place, because a move loses the focus. */
export const arrange = (parent: Element, children: ReadonlyArray<Element>): void => {
  const wanted = new Set(children)
  for (const child of Array.from(parent.children)) if (!wanted.has(child)) child.remove()
  for (const [index, child] of children.entries()) {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null)
  }
}

const spoken = el("p", { class: "unseen", role: "status", id: "spoken" })

/** The element that screen readers read outcomes from. It must be in the page before the first outcome. */
export const liveRegion = spoken

/** Makes screen readers read a text, even if it is the same as before. */
export const announce = (text: string): void => {
  spoken.textContent = spoken.textContent === text ? `${text}\u00a0` : text
}
