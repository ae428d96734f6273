/** Each name that an item before it has, too, as a fault of the item. */
export function repeatedNames(
  place: string,
  items: readonly { readonly name: string }[],
): readonly string[] {
  return items.flatMap(({ name }, at) => {
    const first = items.findIndex((item) => item.name === name)
    return first < at
      ? [`${place}[${at}].name: "${name}" is the name of ${place}[${first}], too`]
      : []
  })
}
