# fish completion of storescope; made by `storescope completions fish'
@commands@
@help@
