// Tables as CSV (RFC 4180), for spreadsheets.

import type { Cell, Table } from "./types";

/** Texts that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function field(v: Cell): string {
  if (v === null) return "";
  if (typeof v !== "string") return String(v);
  const text = FORMULA.test(v) ? "'" + v : v;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table as CSV, its columns' names first. */
export function csv(table: Table): string {
  return [table.columns, ...table.rows].map((row) => row.map(field).join(",") + "\r\n").join("");
}

/** Hands a file to whoever looks at the page. */
export function save(name: string, data: Blob): void {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(data);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

/** As CSV with a byte order mark, without which spreadsheets take names for Latin-1. */
export const saveCSV = (name: string, table: Table): void =>
  save(name + ".csv", new Blob(["\ufeff", csv(table)], { type: "text/csv;charset=utf-8" }));
