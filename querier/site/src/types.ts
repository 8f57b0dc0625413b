// What the querier says, as documented at /; all of it is checked for shape
// before it is used.

export type Cell = string | number | boolean | null;

/** Rows under named columns: what every chart is made of. */
export interface Table {
  columns: string[];
  rows: Cell[][];
  until?: string | null; // before it, all is known
}

/** Values of one dimension that are wanted, or not. */
export type Wanted = Cell | Cell[] | { min?: number; max?: number };

export interface Question {
  keys: string[];
  where?: Record<string, unknown>;
  from?: string;
  to?: string;
  every?: string;
  by?: string[];
  order?: string;
  limit?: number;
}

export interface Result extends Table {
  key: string;
}

export interface Answer {
  version?: string;
  until?: string;
  results: Result[];
}

export interface Key {
  key: string;
  n: number | null; // null: too few to be told
  from: string;
  to: string;
}

export interface Dimension {
  name: string;
  attribute?: boolean;
  distinct?: number;
  more?: boolean; // there are more than were counted
  values: { value: Cell; n: number | null }[]; // null: not told, the most frequent first all the same
}

export interface Model {
  name: string;
  summary?: string;
  state?: string;
}

export interface Keys {
  version?: string;
  from?: string | null;
  to?: string | null;
  until?: string | null;
  grid?: number;
  door?: string;
  keys: Key[];
  dimensions: Dimension[];
  every?: string[];
  models?: Model[];
}

export interface Rows extends Table {
  version?: string;
  model: string;
  page?: number;
  pages?: number;
  total?: number; // rows on all pages
  more?: boolean; // as a file: there are older rows
}

const list = (v: unknown): v is unknown[] => Array.isArray(v);
const object = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null;
const table = (v: unknown): boolean => object(v) && list(v.columns) && list(v.rows) && v.rows.every(list);

/** Tells what each address must answer at least. */
export const shapes = {
  keys: (v: unknown): v is Keys => object(v) && list(v.keys) && list(v.dimensions),
  answer: (v: unknown): v is Answer => object(v) && list(v.results) && v.results.every(table),
  models: (v: unknown): v is { models: Model[] } => object(v) && list(v.models),
  rows: (v: unknown): v is Rows => table(v),
};
