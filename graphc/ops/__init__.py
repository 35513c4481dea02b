"""The operators, by subject; each module declares those it holds, and `import graphc` imports all of them."""
