import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['docs/api/', 'dist/', 'coverage/', 'avme-demo/', '**/*.d.cts'] },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', { max: 250, skipComments: true, skipBlankLines: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  // Printing is the business of bin/ alone.
  {
    ignores: ['bin/**', 'bench/**', 'test/**', 'examples/**', '**/*.mjs'],
    rules: { 'no-console': 'error' },
  },
  { files: ['test/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
