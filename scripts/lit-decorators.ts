// How Lit's decorators are compiled, for the build and for browser tests: the same meaning as tsconfig.page.json gives them
// (experimentalDecorators, useDefineForClassFields: false). A field without a value must not shadow the accessor of its name.

export const LIT_DECORATORS = {
  decorator: { legacy: true },
  assumptions: { setPublicClassFields: true },
  typescript: { removeClassFieldsWithoutInitializer: true },
} as const;
