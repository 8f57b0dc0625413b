declare module "*.bin" {
  const url: string;
  export default url;
}
declare module "*.json" {
  const texts: Record<string, string>;
  export default texts;
}
declare module "*.css" {
  const text: string;
  export default text;
}
