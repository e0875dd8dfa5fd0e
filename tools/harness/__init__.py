"""What ./run, the benchmarks and the integration tests share: programs, a bare HTTP client, and the judge of answers.

Nothing but Python's standard library.
"""
