// What the numbers are about: topics of the explanations and their headings.

import type { Text } from "./en";

export const TOPICS: Record<string, Text> = {
  total: "so_far", rate: "last_minute", place: "continents", spans: "ranking", shares: "shared_on", chart: "time", map: "map",
};
