// Models published as files beside the feed, where no querier need be.

/** Where the file lies that has what a path of the API would answer. */
export function fixed(path: string): string {
  return path.replace(/\?.*$/, "") + ".json";
}
