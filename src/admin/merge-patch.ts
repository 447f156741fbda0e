type Json = Readonly<Record<string, unknown>>;

/** JSON Merge Patch (RFC 7396 §2): null takes a member away, objects are merged, everything else replaces. */
export function mergePatch(target: unknown, patch: Json): Record<string, unknown> {
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete merged[name];
    else merged[name] = isObject(value) ? mergePatch(merged[name], value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
