/** The version of Kong whose behaviour a node shows. */
export const kongVersion = '1.1.3'

/** As it stands in `Server` and `Via`. */
export const kongToken = `kong/${kongVersion}`
